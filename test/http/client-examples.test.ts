// The packages of the examples are loaded before the tests: the first load of one can take longer than a test may.
import "@ag-ui/client";
import "@ai-sdk/react";
import "ai";
import "openai";
import "openapi-fetch";
import { createElement, type FunctionComponent } from "react";
import { create } from "react-test-renderer";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import page from "../../docs/clients.md?raw";
import { createStreamFixture, type StreamFixture } from "../support/streams.ts";
import { says } from "../support/turn-fixture.ts";

// The files of clients/ as they stand; their servers are the application of this isolate.
const sources = import.meta.glob("../../clients/*.{ts,tsx}", {
  query: "?raw",
  import: "default",
  eager: true,
});
const modules = import.meta.glob("../../clients/*.{ts,tsx}");
const url = "https://examples.pantheon.example";
const fetchBefore = globalThis.fetch;
let room: StreamFixture;

beforeEach(async () => {
  room = await createStreamFixture(
    { agents: ["ada", "bob"], mode: "tag" },
    says("ada", { deltas: ["Look ", "first."] }),
    says("bob", { status: 400 }),
  );
  vi.stubEnv("PANTHEON_URL", url);
  vi.stubEnv("PANTHEON_KEY", room.token);
  vi.stubEnv("PANTHEON_ROOM", room.roomId);
  vi.stubGlobal("fetch", async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init);
    return request.url.startsWith(url) ? room.api.request(request) : fetchBefore(input, init);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

afterAll(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

const load = (name: string) => {
  const module = modules[`../../clients/${name}`];
  if (module === undefined) throw new Error(`there is no example ${name}`);
  return module();
};

/** What an example prints. */
async function run(name: string): Promise<string> {
  const printed: unknown[] = [];
  vi.spyOn(console, "log").mockImplementation((line) => void printed.push(line));
  await load(name);
  return printed.join("\n");
}

const failure = "The model's provider answered with status 400.";

test("docs/clients.md shows each example as it stands, of 20 to 40 lines", () => {
  const names = Object.keys(sources);
  expect(names).toHaveLength(5);
  for (const [path, source] of Object.entries(sources)) {
    expect(page, path).toContain(`\n${source}\`\`\``);
    expect(source.split("\n").length, path).toBeGreaterThanOrEqual(20);
    expect(source.split("\n").length, path).toBeLessThanOrEqual(40);
  }
});

test("fetch prints each answer, what failed, and what the turn cost", async () => {
  expect(await run("fetch.ts")).toMatch(
    new RegExp(`^Ada: Look first\\.\nBob: ${failure}\nThe turn is partial and cost \\d+\\.\\d+ credits\\.$`),
  );
});

test("openapi-fetch prints each answer and what failed", async () => {
  expect(await run("openapi-fetch.ts")).toBe(`Ada: Look first.\nBob: ${failure}`);
});

test("AG-UI's client has a conversation in one session", async () => {
  const printed = (await run("ag-ui.ts")).split("\n").toSorted();
  expect(printed).toEqual(["Ada: Look first.", "Ada: Look first.", `failed: ${failure}`].toSorted());
  const { body } = await room.api.as(room.owner).get(`/rooms/${room.roomId}/sessions`);
  expect(body.data).toHaveLength(2);
});

test("OpenAI's SDK streams an answer and goes on in its session", async () => {
  const [streamed = "", tokens = "", next = ""] = (await run("openai.ts")).split(/\n(?=\()|(?<=tokens\))\n/);
  expect(streamed).toContain("**Ada:**\n\nLook first.");
  expect(streamed).toContain(`**Bob** could not answer: ${failure}`);
  expect(tokens).toMatch(/^\(\d+ tokens\)$/);
  expect(next).toBe("**Ada:**\n\nLook first.");
  const { body } = await room.api.as(room.owner).get(`/rooms/${room.roomId}/sessions?order=recent`);
  expect(body.data).toHaveLength(2);
});

test("useChat shows who wrote each text", async () => {
  const { Chat } = (await load("use-chat.tsx")) as { Chat: FunctionComponent<Record<string, string>> };
  const props = { url, apiKey: room.token, sessionId: room.sessionId };
  const shown = create(createElement(Chat, props));
  const slow = { timeout: 10_000 };
  await expect.poll(() => shown.root?.findAllByType("form").length, slow).toBe(1);
  const form = new FormData();
  form.set("text", "@ada @bob What comes first?");
  await shown.root.findByType("form").props.action(form);
  const texts = (type: string) => shown.root.findAllByType(type).map(({ props }) => String(props.children));
  await expect.poll(() => texts("h3").toSorted(), slow).toEqual(["Ada", "Bob"]);
  const reply = `**Bob** could not answer: ${failure} (\`model_error\`)`;
  await expect
    .poll(() => texts("p").toSorted(), slow)
    .toEqual([reply, "@ada @bob What comes first?", "Look first."].toSorted());
  shown.unmount();
});
