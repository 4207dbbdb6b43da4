import type { Page } from "playwright-core";
import { expect } from "vitest";
import { call, countCalls, createRoom, openGate, postTurn, setScript } from "./support/api.ts";
import { startCuttingProxy } from "./support/cutting-proxy.ts";
import { consoleUrl, newUser, openConsole, takePicture, test } from "./support/pages.ts";

const bubble = (page: Page, name: string) => page.getByRole("article", { name: `Answer of ${name}` });

async function send(page: Page, message: string): Promise<void> {
  await page.getByLabel("Your message", { exact: true }).fill(message);
  await page.keyboard.press("Enter");
}

test("a turn with tags shows one message for each agent as it streams, then its model, time and credits", async () => {
  const [gate, user] = [crypto.randomUUID(), newUser()];
  await setScript({
    rules: [
      {
        match: { model: "deepseek/deepseek-v3.1-terminus" },
        answer: { deltas: ["First ", "**half**", " and the rest"], hold_after_first: gate },
      },
    ],
    default: { deltas: ["Half a ", "word"], hold_after_first: gate },
  });
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  await send(page, "@ada @linus What could go wrong?");
  await page.getByText("Half a", { exact: true }).waitFor();
  await bubble(page, "Linus").getByText("Half a").waitFor();
  expect(await bubble(page, "Ada").getAttribute("aria-busy")).toBe("true");
  await takePicture(page, "turn-streaming");
  await openGate(gate);
  await bubble(page, "Linus").getByText("Half a word").waitFor();
  await bubble(page, "Linus").getByTitle("Credits").waitFor();
  expect(await bubble(page, "Linus").getByTitle("Model", { exact: true }).innerText()).toBe("qwen");
  await page.getByRole("link", { name: "Receipt" }).waitFor();
});

test("a round table answers in the order of the roster", async () => {
  await setScript({ default: { text: "My part." } });
  const user = newUser();
  const page = await openConsole({
    user,
    path: (await createRoom(user, { current_mode: "roundtable" })).path,
  });
  await page.getByText("All 3 answer in turn").waitFor();
  await send(page, "What comes first?");
  await page.getByRole("link", { name: "Receipt" }).waitFor();
  const names = await page.locator(".bubble-name").allInnerTexts();
  expect(names).toEqual(["Ada", "Linus", "Grace"]);
});

test("an orchestrator's turn shows the agents that the manager picked, and how it decided", async () => {
  await setScript({
    rules: [
      { match: { contains: "selected_agent_keys" }, answer: { text: '{"selected_agent_keys":["grace"]}' } },
    ],
    default: { text: "Picked." },
  });
  const user = newUser();
  const page = await openConsole({
    user,
    path: (await createRoom(user, { current_mode: "orchestrator" })).path,
  });
  await send(page, "Who knows?");
  const routing = page.getByText(/The manager picked/);
  await bubble(page, "Grace").getByText("Picked.").waitFor();
  await page.getByRole("link", { name: "Receipt" }).waitFor();
  await routing.click();
  await page.locator(".routing pre", { hasText: "selected_agent_keys" }).waitFor();
});

test("a mode that is chosen applies to the next turn, and says so", async () => {
  await setScript({ default: { text: "All." } });
  const user = newUser();
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  await page.getByLabel("Round table").check();
  await page.getByText("Applies to the next turn.").waitFor();
  await send(page, "Everybody?");
  await bubble(page, "Grace").getByText("All.").waitFor();
  await page.getByText("Applies to the next turn.").waitFor({ state: "hidden" });
});

test("a failed agent's message says why; a retry calls only that agent", async () => {
  const user = newUser();
  await setScript({
    rules: [{ match: { model: "qwen/qwen3-235b-a22b" }, answer: { status: 400 } }],
    default: { text: "Fine." },
  });
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  await send(page, "@ada @linus Go");
  await bubble(page, "Linus").getByText("Linus did not answer.").waitFor();
  const retry = page.getByRole("button", { name: "Ask Linus again" });
  await retry.waitFor();
  await takePicture(page, "turn-failed-agent");
  const before = await countCalls();
  await setScript({ default: { text: "Now I can." } });
  await retry.click();
  await bubble(page, "Linus").getByText("Now I can.").waitFor();
  await retry.waitFor({ state: "hidden" });
  await bubble(page, "Ada").getByText("Fine.").waitFor();
  expect((await countCalls()) - before).toBe(1);
});

test("a reload during a turn comes back to the turn, and calls no agent again", async () => {
  const [gate, user] = [crypto.randomUUID(), newUser()];
  await setScript({ default: { deltas: ["Slow ", "answer"], hold_after_first: gate } });
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  await send(page, "@ada Take your time");
  await bubble(page, "Ada").getByText("Slow").waitFor();
  const before = await countCalls();
  await page.reload();
  await page.getByText("@ada Take your time").waitFor();
  await openGate(gate);
  await bubble(page, "Ada").getByText("Slow answer").waitFor();
  await page.getByRole("link", { name: "Receipt" }).waitFor();
  expect(await countCalls()).toBe(before);
});

test("the page waits for a server that ends during a stream, and shows the turn once", async () => {
  const [gate, user] = [crypto.randomUUID(), newUser()];
  await setScript({ default: { deltas: ["Slow ", "answer"], hold_after_first: gate } });
  const proxy = await startCuttingProxy(consoleUrl);
  try {
    const page = await openConsole({ user, path: (await createRoom(user)).path, baseUrl: proxy.origin });
    await send(page, "@ada Go on");
    await bubble(page, "Ada").getByText("Slow").waitFor();
    proxy.cut();
    await page.getByText("The connection broke.").waitFor();
    await takePicture(page, "turn-lost");
    await openGate(gate);
    proxy.restore();
    await page.getByRole("link", { name: "Receipt" }).waitFor();
    expect(await page.locator(".mine", { hasText: "@ada Go on" }).count()).toBe(1);
    expect(await page.getByText("Slow answer").count()).toBe(1);
  } finally {
    await proxy.stop();
  }
});

test("without a server a message cannot be sent: the page says so and keeps the text, which can be sent again", async () => {
  await setScript({ default: { text: "Here." } });
  const user = newUser();
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  await page.getByText("Ask Ada").waitFor();
  await page.context().setOffline(true);
  await send(page, "@ada Anybody?");
  await page.getByText("The server does not answer").waitFor();
  expect(await page.getByLabel("Your message", { exact: true }).inputValue()).toBe("@ada Anybody?");
  await page.context().setOffline(false);
  await page.getByRole("button", { name: "Send" }).click();
  await bubble(page, "Ada").getByText("Here.").waitFor();
  expect(await page.getByLabel("Your message", { exact: true }).inputValue()).toBe("");
});

test("a message that tags no agent is refused with the reason, and kept", async () => {
  const user = newUser();
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  await send(page, "@nobody are you there?");
  await page.getByText("No agent is tagged").waitFor();
  await page.getByText("Nobody here is @nobody").waitFor();
  expect(await page.getByLabel("Your message", { exact: true }).inputValue()).toBe("@nobody are you there?");
});

test("while another turn runs, a message is refused (409) with the reason, and kept", async () => {
  const [gate, user] = [crypto.randomUUID(), newUser()];
  await setScript({ default: { text: "Later.", hold: gate } });
  const room = await createRoom(user);
  const page = await openConsole({ user, path: room.path });
  await page.getByText("Ask Ada").waitFor();
  const other = postTurn(user, room, "@linus first");
  await expect
    .poll(
      async () =>
        (await call<{ data: unknown[] }>(user, "GET", `/sessions/${room.sessionId}/turns`)).data.length,
    )
    .toBe(0);
  await send(page, "@ada second");
  await page.getByText("The agents are still answering").waitFor();
  expect(await page.getByLabel("Your message", { exact: true }).inputValue()).toBe("@ada second");
  await openGate(gate);
  await other;
});

test("an eleventh turn in a minute is refused (429) with the reason, and the message is kept", async () => {
  await setScript({ default: { text: "Yes." } });
  const user = newUser();
  const room = await createRoom(user);
  const page = await openConsole({ user, path: room.path });
  // A minute of the limit may end between two of them, so that more than ten are taken.
  const isTaken = () =>
    postTurn(user, room, "@ada again").then(
      () => true,
      () => false,
    );
  while (await isTaken());
  await send(page, "@ada and again");
  await page.getByText("Too many requests in a minute").waitFor();
  await page.getByText(/Send it again in \d+ s/).waitFor();
  expect(await page.getByLabel("Your message", { exact: true }).inputValue()).toBe("@ada and again");
  await takePicture(page, "turn-refused");
});
