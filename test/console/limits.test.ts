import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { expect, test as nodeTest } from "vitest";
import type { Turn, TurnDetail } from "../../console/src/api/types.ts";
import { call, createRoom, postTurn, setScript } from "./support/api.ts";
import { newUser, openConsole, takePicture, test } from "./support/pages.ts";

const maxFirstLoadKib = 90;
const maxInteractiveMs = 500;
const maxDeltaMs = 50;
const minFramesPerSecond = 50;
/** Other work on the machine only ever adds to a time: it is measured until one is within the bar. */
const maxTries = 12;
const limitMs = 180_000;

const dist = new URL("../../console/dist/", import.meta.url);

nodeTest("the page under test is built as it is deployed: its scripts name no source file", () => {
  const scripts = readdirSync(new URL("assets/", dist)).filter((name) => name.endsWith(".js"));
  expect(scripts.length).toBeGreaterThan(1);
  for (const name of scripts) {
    expect(readFileSync(new URL(`assets/${name}`, dist), "utf8"), name).not.toContain("console/src/");
  }
});

nodeTest("the scripts of the first load are small", () => {
  const page = readFileSync(new URL("index.html", dist), "utf8");
  const [, entry = ""] = /<script[^>]* src="\/(assets\/[^"]+)"/.exec(page) ?? [];
  const kib = (file: string) => gzipSync(readFileSync(new URL(file, dist))).length / 1_024;
  const room = readdirSync(new URL("assets/", dist)).find((name) => /^room-screen-.*\.js$/.test(name)) ?? "";
  const withRoom = new Set([entry, ...importsOf(dist, `assets/${room}`)]);
  const roomKib = [...withRoom].reduce((sum, file) => sum + kib(file), 0);
  console.log(
    `First load: ${kib(entry).toFixed(1)} KiB of scripts, gzipped; of a room's address ${roomKib.toFixed(1)} KiB; at most ${maxFirstLoadKib}`,
  );
  expect(kib(entry)).toBeLessThanOrEqual(maxFirstLoadKib);
  expect(roomKib).toBeLessThanOrEqual(maxFirstLoadKib);
});

/** A built script and all that it imports at once. */
function importsOf(dist: URL, file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const script = readFileSync(new URL(file, dist), "utf8");
  for (const [, name] of script.matchAll(/(?:from|import)"\.\/([^"]+\.js)"/g))
    importsOf(dist, `assets/${name}`, found);
  return found;
}

test(
  "the list of rooms can be used soon after the address is opened",
  async () => {
    const user = newUser();
    await createRoom(user);
    const times: number[] = [];
    while (times.length < maxTries && !times.some((ms) => ms <= maxInteractiveMs)) {
      const page = await openConsole({ user });
      await page.locator(".room-card").waitFor();
      times.push(await page.evaluate(() => performance.getEntriesByName("rooms-shown")[0]?.startTime ?? -1));
      await page.close();
    }
    const best = Math.min(...times);
    console.log(
      `Interactive: ${best.toFixed(0)} ms from the start of the load until the rooms can be used, the best of ${list(times)}; at most ${maxInteractiveMs}`,
    );
    expect(best).toBeGreaterThan(0);
    expect(best).toBeLessThanOrEqual(maxInteractiveMs);
  },
  limitMs,
);

test(
  "a part of an answer is on the screen soon after it has arrived",
  async () => {
    await setScript({
      default: { deltas: Array.from({ length: 60 }, (_, index) => `part-${index}. `), delta_delay_ms: 15 },
    });
    const all: number[] = [];
    while (all.length < maxTries && !all.some((ms) => ms <= maxDeltaMs)) {
      const user = newUser();
      const page = await openConsole({ user, path: (await createRoom(user)).path });
      await page.getByRole("log").waitFor();
      await page.evaluate(watchParts);
      await page.getByLabel("Your message", { exact: true }).fill("@ada count");
      await page.keyboard.press("Enter");
      await page.getByText("part-59.").waitFor();
      const times = await readPartTimes(page);
      expect(times.length).toBeGreaterThan(40);
      all.push(times.toSorted((left, right) => left - right)[Math.floor(times.length * 0.95)] ?? Infinity);
      await page.close();
    }
    const best = Math.min(...all);
    console.log(
      `Delta: ${best.toFixed(0)} ms from its arrival to the frame that shows it, 95th percentile of a turn's deltas, the best of ${list(all)}; at most ${maxDeltaMs}`,
    );
    expect(best).toBeLessThanOrEqual(maxDeltaMs);
  },
  limitMs,
);

/** Notes when the text of each part is read from the stream, and when a frame with it is due to be drawn. */
function watchParts(): void {
  const arrivedAt: number[] = [];
  const times: number[] = [];
  Object.assign(globalThis, { partTimes: times });
  const { parse } = JSON;
  JSON.parse = (text: string) => {
    const part = /"delta":"part-(\d+)\./.exec(text)?.[1];
    if (part !== undefined) arrivedAt[Number(part)] = performance.now();
    return parse(text);
  };
  let next = 0;
  new MutationObserver(() => {
    const shown = document.querySelector(".turn-live .markdown")?.textContent ?? "";
    for (; shown.includes(`part-${next}.`); next += 1) {
      const at = arrivedAt[next] ?? 0;
      requestAnimationFrame(() => times.push(performance.now() - at));
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}

async function readPartTimes(page: Page): Promise<number[]> {
  return await page.evaluate(() => Reflect.get(globalThis, "partTimes") as number[]);
}

test(
  "500 turns scroll smoothly",
  async () => {
    const user = newUser();
    const room = await createRoom(user);
    const paragraph = "A line of an answer with **some** words in it, and `code` too.";
    await setScript({ default: { text: Array.from({ length: 6 }, () => paragraph).join("\n\n") } });
    const { id } = await postTurn(user, room, "@ada @linus @grace How long does this become?");
    const turn = await call<TurnDetail>(user, "GET", `/sessions/${room.sessionId}/turns/${id}`);
    const page = await openConsole({ user });
    await page.locator(".room-card").waitFor();
    await serveManyTurns(page, turn, 500);
    await page.locator(".room-card").click();
    await page.getByText("Turn 500,").waitFor();
    const frames: number[] = [];
    await page.evaluate(loadAll);
    expect(await page.locator(".turn").count()).toBe(500);
    while (frames.length < maxTries && !frames.some((count) => count >= minFramesPerSecond)) {
      frames.push(await page.evaluate(scrollAndCount));
    }
    await takePicture(page, "long-conversation");
    const best = Math.max(...frames);
    console.log(
      `500 turns: ${best.toFixed(0)} frames a second while all of them scroll by in 3 s, the best of ${list(frames)}; at least ${minFramesPerSecond}`,
    );
    expect(best).toBeGreaterThanOrEqual(minFramesPerSecond);
  },
  limitMs,
);

/** Answers the lists of turns with copies of one: what is measured is the page, not the server. */
async function serveManyTurns(page: Page, turn: TurnDetail, count: number): Promise<void> {
  const copies = Array.from(
    { length: count },
    (_, index): Turn => ({
      ...turn,
      id: `${turn.id.slice(0, -4)}${String(index).padStart(4, "0")}`,
      turn_index: index + 1,
      user_input: `Turn ${index + 1}, @ada @linus @grace how long does this become?`,
      replies: turn.replies.map((reply) => ({ ...reply, message_id: `${reply.message_id}-${index}` })),
    }),
  );
  const newestFirst = copies.toReversed();
  await page.route(/\/turns\?/, (route) => {
    const query = new URL(route.request().url()).searchParams;
    const from = newestFirst.findIndex(({ id }) => id === query.get("before")) + 1;
    const data = newestFirst.slice(from, from + Number(query.get("limit")));
    const has_more = from + data.length < count;
    return route.fulfill({ json: { data, has_more, last_id: data.at(-1)?.id ?? null } });
  });
  await page.route(/\/turns\/[^/?]+$/, (route) => {
    const id = new URL(route.request().url()).pathname.split("/").at(-1);
    return route.fulfill({ json: { ...turn, ...copies.find((copy) => copy.id === id) } });
  });
}

/** Scrolls up until the first turn has come. */
async function loadAll(): Promise<void> {
  const scroller = document.querySelector(".scroller");
  for (let tries = 0; tries < 2_000 && document.querySelector(".older"); tries += 1) {
    if (scroller) scroller.scrollTop = 0;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

/** Frames a second while the whole conversation passes by in three seconds. */
async function scrollAndCount(): Promise<number> {
  const scroller = document.querySelector(".scroller");
  if (!scroller) return 0;
  const lastingMs = 3_000;
  const begin = performance.now();
  let frames = 0;
  for (let now = begin; now - begin < lastingMs; frames += 1) {
    scroller.scrollTop = ((now - begin) / lastingMs) * scroller.scrollHeight;
    now = await new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())));
  }
  return (frames * 1_000) / (performance.now() - begin);
}

function list(figures: readonly number[]): string {
  return figures.map((figure) => figure.toFixed(0)).join(", ");
}
