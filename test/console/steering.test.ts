import type { Page } from "playwright-core";
import { expect } from "vitest";
import { call, countCalls, createRoom, type Fixture, openGate, setScript } from "./support/api.ts";
import { newUser, openConsole, takePicture, test } from "./support/pages.ts";

const bubble = (page: Page, name: string) => page.getByRole("article", { name: `Answer of ${name}` });
const waiting = (page: Page) => page.getByRole("list", { name: "Messages that wait" }).getByRole("listitem");

async function send(page: Page, message: string): Promise<void> {
  await page.getByLabel("Your message", { exact: true }).fill(message);
  await page.keyboard.press("Enter");
}

type LiveTurn = { page: Page; user: string; room: Fixture; gate: string };

/** A page on which Ada has started to answer and waits at a gate. */
async function startTurn(): Promise<LiveTurn> {
  const [gate, user] = [crypto.randomUUID(), newUser()];
  await setScript({ default: { deltas: ["Slow ", "answer"], hold_after_first: gate } });
  const room = await createRoom(user);
  const page = await openConsole({ user, path: room.path });
  await send(page, "@ada first");
  await bubble(page, "Ada").getByText("Slow").waitFor();
  return { page, user, room, gate };
}

async function readInputs(user: string, { sessionId }: Fixture): Promise<string[]> {
  const { data } = await call<{ data: { user_input: string }[] }>(
    user,
    "GET",
    `/sessions/${sessionId}/turns`,
  );
  return data.map(({ user_input: text }) => text);
}

test("a turn is stopped: what had arrived stays, and the next message is answered", async () => {
  const { page } = await startTurn();
  await page.getByRole("button", { name: "Stop" }).click();
  await bubble(page, "Ada").getByText("Ada was stopped.").waitFor();
  await bubble(page, "Ada").getByText("Slow").waitFor();
  await takePicture(page, "turn-stopped");
  await setScript({ default: { text: "Quick." } });
  await send(page, "@ada second");
  await bubble(page, "Ada").getByText("Quick.").waitFor();
});

test("a message that is sent while a turn runs waits, and is answered after it", async () => {
  const { page, user, room, gate } = await startTurn();
  await send(page, "@linus second");
  await send(page, "@grace third");
  await expect.poll(() => waiting(page).count()).toBe(2);
  await takePicture(page, "turn-queued");
  await setScript({ default: { text: "Quick." } });
  await openGate(gate);
  await bubble(page, "Grace").getByText("Quick.").waitFor();
  await page.getByRole("link", { name: "Receipt" }).nth(2).waitFor();
  expect(await readInputs(user, room)).toEqual(["@ada first", "@linus second", "@grace third"]);
  expect(await waiting(page).count()).toBe(0);
});

test("a message that waits is found again after a reload, and can be withdrawn", async () => {
  const { page, user, room, gate } = await startTurn();
  await send(page, "@linus second");
  await waiting(page).getByText("@linus second").waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Withdraw: @linus second" }).click();
  await waiting(page).waitFor({ state: "detached" });
  const before = await countCalls();
  await openGate(gate);
  await page.getByRole("link", { name: "Receipt" }).waitFor();
  expect(await readInputs(user, room)).toEqual(["@ada first"]);
  expect(await countCalls()).toBe(before);
});

test("a message can end the turn that runs and take its place", async () => {
  const { page, user, room } = await startTurn();
  await page.getByLabel("While the agents answer").selectOption("interrupt");
  await setScript({ default: { text: "Quick." } });
  await send(page, "@linus second");
  await bubble(page, "Ada").getByText("Ada was stopped.").waitFor();
  await bubble(page, "Linus").getByText("Quick.").waitFor();
  await page.getByRole("link", { name: "Receipt" }).nth(1).waitFor();
  expect(await readInputs(user, room)).toEqual(["@ada first", "@linus second"]);
});
