import type { Locator, Page } from "playwright-core";
import { expect, inject } from "vitest";
import { createRoom, setScript } from "../console/support/api.ts";
import {
  allowOrigin,
  consoleUrl,
  newUser,
  openConsole,
  takePicture,
  test,
} from "../console/support/pages.ts";
import { tokenOf } from "../console/support/token.ts";
import type {} from "./support/provided.d.ts";

const baseUrl = inject("clientPages");
// A request to any other server fails the test, and so does an error in the page.
allowOrigin(consoleUrl);

const failure = "Grace could not answer: The model's provider answered with status 400. (model_error)";
const named = ["Ada: Draw first.", "Linus: Measure first.", failure];

/** Opens a page on a new room of three agents, of whom the third fails, and asks them all. */
async function ask(name: string, query = ""): Promise<Page> {
  await setScript({
    rules: [
      { match: { contains: "You are Ada," }, answer: { deltas: ["Draw ", "**first**."] } },
      { match: { contains: "You are Linus," }, answer: { deltas: ["Measure ", "first."] } },
    ],
    default: { status: 400 },
  });
  const user = newUser();
  const { roomId, sessionId } = await createRoom(user);
  const place = { url: consoleUrl, key: await tokenOf(user), room: roomId, session: sessionId, query };
  const path = `/${name}.html#${new URLSearchParams(place)}`;
  const page = await openConsole({ baseUrl, path, isSignedIn: false });
  await page.getByRole("textbox").fill("@ada @linus @grace What comes first?");
  await page.keyboard.press("Enter");
  return page;
}

/** Waits until exactly these texts are shown: agents that answer at once come in any order. */
async function expectShown(shown: Locator, texts: readonly string[]): Promise<void> {
  const read = async () => (await shown.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
  await expect.poll(async () => (await read()).toSorted(), { timeout: 30_000 }).toEqual(texts.toSorted());
}

test("CopilotKit's chat shows a message for each agent with its name, and who failed and why", async () => {
  const page = await ask("copilotkit");
  await expectShown(page.locator(".copilotKitAssistantMessage"), named);
  await takePicture(page, "stock-copilotkit");
});

test("assistant-ui over AG-UI shows a message for each agent with its name, and who failed and why", async () => {
  const page = await ask("assistant-ui-ag-ui");
  await expectShown(page.locator("[data-author=assistant]"), named);
  await takePicture(page, "stock-assistant-ui-ag-ui");
});

test("assistant-ui over the AI SDK shows one message, whose texts have the names with labels=on", async () => {
  const page = await ask("assistant-ui-ai-sdk", "?labels=on");
  const message = page.locator("[data-author=assistant]");
  await expectShown(message.locator("> [data-status]"), named);
  expect(await message.count()).toBe(1);
  await takePicture(page, "stock-assistant-ui-ai-sdk");
});

test("assistant-ui over the AI SDK without labels shows the failure alone with a name", async () => {
  const page = await ask("assistant-ui-ai-sdk");
  await expectShown(page.locator("[data-author=assistant] > [data-status]"), [
    "Draw first.",
    "Measure first.",
    failure,
  ]);
});
