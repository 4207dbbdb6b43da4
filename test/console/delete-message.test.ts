import type { Page } from "playwright-core";
import { expect } from "vitest";
import { call, createRoom, type Fixture, postTurn, setScript } from "./support/api.ts";
import { newUser, openConsole, takePicture, test } from "./support/pages.ts";
import { tabTo } from "./support/tab-to.ts";

/** A page with one turn: Ada has answered, Linus has not. */
async function openTurn(): Promise<{ page: Page; user: string; room: Fixture }> {
  const user = newUser();
  const room = await createRoom(user);
  await setScript({
    rules: [{ match: { model: "qwen/qwen3-235b-a22b" }, answer: { status: 400 } }],
    default: { text: "A secret answer." },
  });
  await postTurn(user, room, "@ada @linus A secret question");
  const page = await openConsole({ user, path: room.path });
  await page.getByText("A secret answer.").waitFor();
  return { page, user, room };
}

async function readTexts(user: string, { sessionId }: Fixture): Promise<string> {
  const { data } = await call<{ data: unknown[] }>(user, "GET", `/sessions/${sessionId}/messages`);
  return JSON.stringify(data);
}

test("an answer is deleted with the keyboard alone, after a question; the turn says so, also after a reload", async () => {
  const { page, user, room } = await openTurn();
  await page.getByRole("log").focus();
  await tabTo(page, "Delete the answer of Ada");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Delete the answer of Ada?" }).waitFor();
  await takePicture(page, "delete-message");
  await tabTo(page, "Delete it");
  await page.keyboard.press("Enter");
  await page.getByText("This answer was deleted.").waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await page.getByText("A secret answer.").count()).toBe(0);
  await expect.poll(() => page.getByRole("log").evaluate((log) => log === document.activeElement)).toBe(true);
  expect(await page.getByRole("button", { name: "Delete the answer of Ada" }).count()).toBe(0);
  await page.reload();
  await page.getByText("This answer was deleted.").waitFor();
  expect(await readTexts(user, room)).not.toContain("A secret answer.");
});

test("a question is deleted: a note takes its place, and its failed agent cannot be asked again", async () => {
  const { page, user, room } = await openTurn();
  await page.getByRole("button", { name: "Ask Linus again" }).waitFor();
  await page.getByRole("button", { name: "Delete your message" }).click();
  await page.getByRole("button", { name: "Delete it" }).click();
  await page.getByText("This message was deleted.").waitFor();
  await page.getByText("A secret answer.").waitFor();
  expect(await page.locator(".turn", { hasText: "A secret question" }).count()).toBe(0);
  expect(await page.getByRole("button", { name: "Ask Linus again" }).count()).toBe(0);
  expect(await readTexts(user, room)).not.toContain("A secret question");
});

test("a message is kept where the person says so, and where the server refuses: the dialog says why", async () => {
  const { page, user, room } = await openTurn();
  const button = page.getByRole("button", { name: "Delete the answer of Ada" });
  await button.click();
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
  await button.click();
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Delete it" }).click();
  await page.getByRole("dialog").getByText("The server does not answer").waitFor();
  await page.context().setOffline(false);
  expect(await readTexts(user, room)).toContain("A secret answer.");
});
