import { afterEach, describe, expect, test, vi } from "vitest";
import { createConsoleLog } from "../../../src/http/console-log.ts";
import { holdTimers } from "../../support/held-timers.ts";
import type { SearchAnswer } from "../../support/node/search-script.ts";
import { says } from "../../support/turn-fixture.ts";
import { nextTransaction, tablesHolding } from "../../support/written-rows.ts";
import { createToolFixture, searchesFor, textsOf } from "./tool-fixture.ts";

const key = "tvly-CANARY-51c7e0";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function watchConsole(): () => string {
  const spies = (["log", "debug", "info", "warn", "error"] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation(() => undefined),
  );
  return () => JSON.stringify(spies.flatMap((spy) => spy.mock.calls));
}

/** A fixture that logs everything to the console, and two turns: one by trigger, one by the model's own call. */
async function searchTwice(settings: Record<string, string>, answer: SearchAnswer = {}) {
  const logged = watchConsole();
  const since = await nextTransaction();
  const fixture = await createToolFixture({
    settings: { TAVILY_API_KEY: key, ...settings },
    deps: { log: createConsoleLog("info") },
  });
  await fixture.search.script({ default: answer });
  await fixture.models.script(
    says("ada", "Without the web.", 1),
    says("ada", searchesFor("dogs"), 2),
    says("ada", "Without the web.", 3),
  );
  const posts = [await fixture.post("@ada search: cats"), await fixture.post("@ada what is a dog?")];
  return { fixture, posts, logged, since };
}

type Searched = Awaited<ReturnType<typeof searchTwice>>;

async function expectAnswersAnyway({ fixture, posts }: Searched, output: Record<string, unknown>) {
  for (const [round, { status, body, headers }] of posts.entries()) {
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: "completed", assistant_output: "Without the web." });
    expect(body.tool_calls).toMatchObject([{ tool_name: "search", status: "error", round, output }]);
    expect(headers.get("Server-Timing")).toContain('db;desc="2"');
  }
  expect(await fixture.toolRows()).toMatchObject([
    { status: "error", input: { query: "cats" }, output },
    { status: "error", input: { query: "dogs" }, output },
  ]);
}

async function expectKeyNowhere({ fixture, posts, logged, since }: Searched) {
  const reads = await Promise.all([
    fixture.list(),
    fixture.api.as(fixture.owner).get(`/sessions/${fixture.sessionId}/messages`),
    ...posts.map(({ body }) => fixture.read(body.id)),
  ]);
  for (const answer of [...posts, ...reads]) {
    expect(answer.text).not.toContain(key);
    expect(JSON.stringify([...answer.headers])).not.toContain(key);
  }
  expect(JSON.stringify(await fixture.models.journal())).not.toContain(key);
  expect(await tablesHolding(key, { since })).toEqual([]);
  expect(await tablesHolding(fixture.sessionId, { since })).not.toEqual([]);
  expect(logged()).toContain("request");
  expect(logged()).not.toContain(key);
}

const echo = { error: `bad key ${key}` };

describe("where the search fails, the agent answers, the row has the reason, and the key is nowhere", () => {
  test.each<[string, SearchAnswer, Record<string, unknown>]>([
    ["401", { status: 401, body: echo }, { error: "search_unauthorized", http_status: 401, attempts: 1 }],
    [
      "429 that asks for patience",
      { status: 429, body: echo, headers: { "Retry-After": "60", "X-Key": key } },
      { error: "search_rate_limited", http_status: 429, attempts: 1 },
    ],
    [
      "429 twice",
      { status: 429, body: echo, headers: { "Retry-After": "0" } },
      { error: "search_rate_limited", http_status: 429, attempts: 2 },
    ],
    [
      "500 twice",
      { status: 500, body: echo, headers: { "Retry-After": "0" } },
      { error: "search_failed", http_status: 500, attempts: 2 },
    ],
    [
      "a redirect",
      { status: 302, body: "", headers: { Location: `https://example.com/?key=${key}` } },
      { error: "search_failed", http_status: 302, attempts: 1 },
    ],
    ["no JSON", { body: `<p>${key}` }, { error: "search_bad_response", http_status: 200, attempts: 1 }],
    ["JSON of another shape", { body: { [key]: [] } }, { error: "search_bad_response", attempts: 1 }],
    ["a body cut short", { cut: "in_body" }, { error: "search_unreachable", attempts: 2 }],
  ])("by %s", async (_how, answer, output) => {
    const searched = await searchTwice({}, answer);
    await expectAnswersAnyway(searched, output);
    expect((await searched.fixture.search.journal())[0]?.authorization).toBe(`Bearer ${key}`);
    await expectKeyNowhere(searched);
  });

  test("because the server is not reachable", async () => {
    const searched = await searchTwice({ TAVILY_BASE_URL: "http://127.0.0.1:1" });
    await expectAnswersAnyway(searched, { error: "search_unreachable", http_status: null, attempts: 2 });
    await expectKeyNowhere(searched);
  });

  test("because no key is configured", async () => {
    const searched = await searchTwice({ TAVILY_API_KEY: "" });
    await expectAnswersAnyway(searched, { error: "search_not_configured", attempts: 0 });
    expect(await searched.fixture.searched()).toEqual([]);
  });

  test("because it is too slow", async () => {
    const since = await nextTransaction();
    const fixture = await createToolFixture({ settings: { TAVILY_API_KEY: key } });
    await fixture.search.script({ default: { hang: "before_headers" } });
    await fixture.models.script(says("ada", "Without the web."));
    const timers = holdTimers();
    const post = fixture.post("@ada search: cats");
    while ((await fixture.searched()).length === 0);
    await timers.pass(10_000, fixture.sessionId);

    const { body } = await post;

    expect(body).toMatchObject({ status: "completed", assistant_output: "Without the web." });
    expect(body.tool_calls).toMatchObject([
      { status: "error", output: { error: "search_timeout", attempts: 1 } },
    ]);
    expect(await tablesHolding(key, { since })).toEqual([]);
  });
});

test("the model gets Pantheon's own text of a failed search", async () => {
  const { fixture } = await searchTwice({}, { status: 401, body: echo });
  const journal = await fixture.models.journal();
  expect(textsOf(journal[0], "user").at(-1)).toMatch(
    /^The web search refused this deployment's API key\.\n\n/,
  );
  expect(textsOf(journal[2], "tool")).toEqual(["The web search refused this deployment's API key."]);
});
