import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { beforeAll, expect } from "vitest";
import { createRoom, type Fixture, postTurn, setScript } from "./support/api.ts";
import { consoleUrl, newUser, openConsole, takePicture, test, type View } from "./support/pages.ts";
import { operatorPrefix } from "./support/token.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const answer = [
  "Two risks stand out, and both can be **tested before Friday**:",
  "1. The queue holds messages *twice* where a consumer restarts.\n2. Nobody is on call between 02:00 and 06:00.",
  "| risk | likely | cost |\n|:--|--:|--:|\n| double sends | often | small |\n| silent outage | rare | large |",
  "See [the runbook](https://runbooks.example/queue) and `retry_limit`.",
  "```sh\nnpm run validate:staging\n```",
].join("\n\n");

/** A room with a turn of everything: answers with tables, a tool, a failed agent. */
async function createFullRoom(user: string): Promise<Fixture> {
  const room = await createRoom(
    user,
    { name: "Launch council", goal: "Decide what is needed for a safe launch." },
    { tool_permissions: ["search"] },
  );
  await setScript({
    rules: [
      { match: { model: "meta-llama/llama-4-scout" }, answer: { status: 400 } },
      {
        match: { model: "deepseek/deepseek-v3.1-terminus", call: 1 },
        answer: { tool_calls: [{ name: "search", arguments: '{"query":"queue duplicates"}' }] },
      },
    ],
    default: { text: answer },
  });
  await postTurn(user, room, "@ada @linus @grace What could go wrong when we launch on Friday?");
  await setScript({ default: { text: "Page on the age of the oldest message, not on its length." } });
  await postTurn(user, room, "@linus What should wake us at night, and what should not?");
  return room;
}

type ScreenCase = {
  name: string;
  open: (view: View, user: string, room: Fixture) => Promise<Page>;
};

const screens: readonly ScreenCase[] = [
  {
    name: "rooms",
    open: async (view, user) => {
      const page = await openConsole({ ...view, user });
      await page.locator(".room-card").first().waitFor();
      return page;
    },
  },
  {
    name: "new-room",
    open: async (view, user) => {
      const page = await openConsole({ ...view, user });
      await page.getByRole("button", { name: "New room" }).click();
      await page.getByRole("dialog").waitFor();
      return page;
    },
  },
  {
    name: "room",
    open: async (view, user, room) => {
      const page = await openConsole({ ...view, user, path: room.path });
      await page.getByTitle("Credits").first().waitFor();
      return page;
    },
  },
  {
    name: "agent",
    open: async (view, user, room) => {
      const page = await openConsole({ ...view, user, path: room.path });
      if ((view.width ?? 1280) < 760) await page.getByRole("button", { name: "Room", exact: true }).click();
      await page.getByRole("button", { name: "Ada @ada" }).click();
      await page.getByLabel("Role").waitFor();
      return page;
    },
  },
  {
    name: "delete-message",
    open: async (view, user, room) => {
      const page = await openConsole({ ...view, user, path: room.path });
      await page.getByRole("button", { name: "Delete the answer of Linus" }).first().click();
      await page.getByRole("dialog").waitFor();
      return page;
    },
  },
  {
    name: "settings",
    open: async (view, user, room) => {
      const page = await openConsole({ ...view, user, path: room.path });
      await page.getByRole("button", { name: "Settings", exact: true }).click();
      await page.getByLabel("Goal").waitFor();
      return page;
    },
  },
  {
    name: "receipt",
    open: async (view, user, room) => {
      const page = await openConsole({ ...view, user, path: room.path });
      await page.getByRole("link", { name: "Receipt" }).first().click();
      await page.getByRole("heading", { name: "Ledger" }).waitFor();
      return page;
    },
  },
  {
    name: "usage",
    open: async (view, user) => {
      const page = await openConsole({ ...view, user, path: "/usage" });
      await page.locator(".plot canvas").waitFor();
      return page;
    },
  },
  {
    name: "operator",
    open: async (view) => {
      const page = await openConsole({ ...view, user: `${operatorPrefix}${newUser()}`, path: "/operator" });
      await page.locator(".plot canvas").waitFor();
      await page.getByRole("button", { name: "New prices" }).click();
      return page;
    },
  },
  {
    name: "refusal",
    open: async (view, user, room) => {
      const page = await openConsole({ ...view, user, path: room.path });
      await page.getByLabel("Your message", { exact: true }).fill("@nobody hello");
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("No agent is tagged").waitFor();
      return page;
    },
  },
  {
    name: "sign-in",
    open: async (view) => {
      const page = await openConsole({ ...view, isSignedIn: false });
      await page.getByLabel("Token").waitFor();
      return page;
    },
  },
];

/** Those that README shows; UPDATE_PICTURES=1 writes them anew. */
const ofReadme = { "room-1280-light": true, "receipt-1280-light": true };

const views = [
  { dark: false, width: 1280, height: 800 },
  { dark: true, width: 1280, height: 800 },
  { dark: false, width: 360, height: 740 },
  { dark: true, width: 360, height: 740 },
];

let user = "";
let room: Fixture;

beforeAll(async () => {
  // Without a browser the tests are skipped, and there is no platform.
  if (consoleUrl === "") return;
  user = newUser();
  room = await createFullRoom(user);
}, 60_000);

for (const view of views) {
  const place = `${view.width}-${view.dark ? "dark" : "light"}`;
  test(`no screen has a serious fault of accessibility, and none is wider than its window: ${place}`, async () => {
    const faults: string[] = [];
    for (const { name, open } of screens) {
      const page = await open({ ...view, bypassesPolicy: true }, user, room);
      await takePicture(page, `screen-${name}-${place}`);
      if (`${name}-${place}` in ofReadme && process.env.UPDATE_PICTURES)
        await takePicture(page, `../../docs/pictures/${name}`);
      faults.push(...(await findFaults(page)).map((fault) => `${name}: ${fault}`));
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > view.width) faults.push(`${name}: is ${width} px wide`);
      await page.close();
    }
    expect(faults).toEqual([]);
  }, 240_000);
}

type AxeResults = {
  violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[];
};

async function findFaults(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const { violations } = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] })",
  )) as AxeResults;
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target} ${failureSummary}`),
    );
}
