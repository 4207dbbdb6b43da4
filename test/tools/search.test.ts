import { describe, expect, test } from "vitest";
import { createSearchTool } from "../../src/tools/search.ts";
import { holdTimers } from "../support/held-timers.ts";
import { newSearchScenario, type SearchScenario } from "../support/search-scenario.ts";
import { toolContext } from "../support/tool-context.ts";

const apiKey = "tvly-canary-4711";
const theirs = "provider-canary: what a provider says in its errors";
const patience = new AbortController().signal;

type Options = { baseUrl?: string; timeoutMs?: number; signal?: AbortSignal; key?: string | undefined };

function searchWith(scenario: SearchScenario, options: Options = {}) {
  const { baseUrl = scenario.baseUrl, timeoutMs = 5_000, signal = patience } = options;
  const key = "key" in options ? options.key : apiKey;
  const tool = createSearchTool({ apiKey: key, baseUrl, fetch, now: () => Date.now(), timeoutMs });
  return tool.execute({ query: "edge runtimes" }, toolContext(signal));
}

describe("a search with results", () => {
  test("is sent to Tavily in the form of its API, with the key in the header only", async () => {
    const scenario = newSearchScenario();
    expect(await searchWith(scenario, { baseUrl: `${scenario.baseUrl}/` })).toEqual({
      status: "success",
      content: "1. About edge runtimes\n   https://example.com/found\n   All of edge runtimes.",
      input: { query: "edge runtimes" },
      output: { results: 1, urls: ["https://example.com/found"], attempts: 1 },
    });
    const body = { query: "edge runtimes", max_results: 5, search_depth: "basic", include_answer: false };
    const path = `${new URL(scenario.baseUrl).pathname}/search`;
    expect(await scenario.journal()).toMatchObject([
      { n: 1, path, authorization: `Bearer ${apiKey}`, body, finished: true },
    ]);
    expect((await scenario.journal())[0]?.body).toEqual(body);
  });

  test("gives at most five results with a URL, each text one line", async () => {
    const scenario = newSearchScenario();
    const many = Array.from({ length: 6 }, (_, index) => ({
      title: `T${index}`,
      url: `https://example.com/${index}`,
      content: "",
    }));
    const results = [
      { title: "no web address", url: "javascript:alert(1)", content: "" },
      { title: "file", url: "file:///etc/passwd", content: "" },
      { title: "no address", url: "example.com", content: "" },
      { title: "endless", url: `https://example.com/${"a".repeat(2_000)}`, content: "" },
      {
        title: ` A\u0000 ti\u200btle\n1. ${"😀".repeat(300)}`,
        url: "HTTPS://Example.com/a b\n",
        content: "x\ud800y\u202e\tz",
      },
      { title: "", url: "http://example.org/untitled", content: "w".repeat(600) },
      ...many,
    ];
    const odd = [null, 7, "https://example.com", {}, { url: 7 }, { url: "https://example.net", title: 7 }];
    await scenario.script({ default: { body: { results: [...odd, ...results] } } });
    const { content, output } = await searchWith(scenario);
    expect(output).toEqual({
      results: 5,
      urls: [
        "https://example.net/",
        "https://example.com/a%20b",
        "http://example.org/untitled",
        "https://example.com/0",
        "https://example.com/1",
      ],
      attempts: 1,
    });
    expect(content.split("\n\n")).toEqual([
      "1. example.net\n   https://example.net/",
      `2. A title 1. ${"😀".repeat(189)}\n   https://example.com/a%20b\n   x\ufffdy z`,
      `3. example.org\n   http://example.org/untitled\n   ${"w".repeat(500)}`,
      "4. T0\n   https://example.com/0",
      "5. T1\n   https://example.com/1",
    ]);
  });

  test("without results says so", async () => {
    const scenario = newSearchScenario();
    await scenario.script({ default: { results: [] } });
    expect(await searchWith(scenario)).toMatchObject({
      status: "success",
      content: "The web search found nothing.",
      output: { results: 0, urls: [] },
    });
  });
});

describe("a search is tried again after", () => {
  const busy = { status: 429, headers: { "Retry-After": "0" }, body: theirs };
  test.each([
    ["500", { status: 500 }],
    ["503 with Retry-After", { status: 503, headers: { "Retry-After": "0" } }],
    ["408", { status: 408 }],
    ["429", busy],
    ["429 until a date", { ...busy, headers: { "Retry-After": new Date(0).toUTCString() } }],
    ["a connection cut before the answer", { cut: "before_headers" as const }],
    ["an answer cut in the middle", { cut: "in_body" as const }],
  ])("%s, then an answer", async (_what, first) => {
    const scenario = newSearchScenario();
    await scenario.script({ answers: [first] });
    expect(await searchWith(scenario)).toMatchObject({ status: "success", output: { attempts: 2 } });
    expect(await scenario.journal()).toHaveLength(2);
  });

  test("waits as long as the service asks for", async () => {
    const scenario = newSearchScenario();
    await scenario.script({ answers: [{ status: 429, headers: { "Retry-After": "1" } }] });
    const startedAtMs = Date.now();
    expect(await searchWith(scenario)).toMatchObject({ status: "success" });
    expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(990);
  });
});

type Failure = { what: string; answer: object; error: string; httpStatus: number | null; requests: number };
const failures: Failure[] = [
  { what: "401", answer: { status: 401 }, error: "search_unauthorized", httpStatus: 401, requests: 1 },
  { what: "403", answer: { status: 403 }, error: "search_unauthorized", httpStatus: 403, requests: 1 },
  { what: "400", answer: { status: 400 }, error: "search_failed", httpStatus: 400, requests: 1 },
  { what: "432", answer: { status: 432 }, error: "search_rate_limited", httpStatus: 432, requests: 1 },
  { what: "429", answer: { status: 429 }, error: "search_rate_limited", httpStatus: 429, requests: 2 },
  { what: "500", answer: { status: 500 }, error: "search_failed", httpStatus: 500, requests: 2 },
  {
    what: "429 with a long Retry-After",
    answer: { status: 429, headers: { "Retry-After": "4" } },
    error: "search_rate_limited",
    httpStatus: 429,
    requests: 1,
  },
  {
    what: "no JSON",
    answer: { body: `{"results": [${theirs}` },
    error: "search_bad_response",
    httpStatus: 200,
    requests: 1,
  },
  {
    what: "another shape",
    answer: { body: { results: { 0: theirs } } },
    error: "search_bad_response",
    httpStatus: 200,
    requests: 1,
  },
  { what: "an empty body", answer: { body: "" }, error: "search_bad_response", httpStatus: 200, requests: 1 },
  {
    what: "nested too deep",
    answer: { body: "[".repeat(500_000) },
    error: "search_bad_response",
    httpStatus: 200,
    requests: 1,
  },
  {
    what: "a body over 1 MiB",
    answer: { padding_bytes: 1_048_576, body: undefined },
    error: "search_bad_response",
    httpStatus: 200,
    requests: 1,
  },
  {
    what: "a connection cut twice",
    answer: { cut: "before_headers" },
    error: "search_unreachable",
    httpStatus: null,
    requests: 2,
  },
];

/** Nothing of the key and nothing that a provider said. */
function expectOurWords(result: object): void {
  expect(JSON.stringify(result)).not.toMatch(/tvly|canary|Bearer|127\.0\.0\.1/);
}

describe("a failed search is a result in Pantheon's own words", () => {
  test.each(failures)("$what", async ({ answer, error, httpStatus, requests }) => {
    const scenario = newSearchScenario();
    await scenario.script({ default: { body: { detail: { error: `${theirs} ${apiKey}` } }, ...answer } });
    const result = await searchWith(scenario);
    expect(result).toMatchObject({
      status: "error",
      input: { query: "edge runtimes" },
      output: { error, http_status: httpStatus, attempts: requests },
    });
    expect(result.content).toMatch(/^The web search [A-Za-z' ]+\.$/);
    expectOurWords(result);
    expect(await scenario.journal()).toHaveLength(requests);
  });

  test("a refused connection", async () => {
    const result = await searchWith(newSearchScenario(), { baseUrl: "http://127.0.0.1:1" });
    expect(result).toMatchObject({ status: "error", output: { error: "search_unreachable", attempts: 2 } });
    expectOurWords(result);
  });

  test.each(["", "not a url", "https://user:pass@"])("the invalid base URL %j", async (baseUrl) => {
    const result = await searchWith(newSearchScenario(), { baseUrl });
    expect(result).toMatchObject({ status: "error", output: { error: "search_unreachable" } });
    expectOurWords(result);
  });

  test.each([301, 302, 303, 307, 308])("the redirect %i does not get the key", async (status) => {
    const scenario = newSearchScenario();
    const elsewhere = newSearchScenario();
    await scenario.script({ default: { status, headers: { Location: `${elsewhere.baseUrl}/search` } } });
    const result = await searchWith(scenario);
    expect(result).toMatchObject({
      status: "error",
      output: { error: "search_failed", http_status: status },
    });
    expectOurWords(result);
    expect(await scenario.journal()).toHaveLength(1);
    expect(await elsewhere.journal()).toEqual([]);
  });

  test("an endless body is not read to its end", async () => {
    const scenario = newSearchScenario();
    await scenario.script({ default: { padding_bytes: 64 * 1_048_576 } });
    expect(await searchWith(scenario)).toMatchObject({ output: { error: "search_bad_response" } });
    expect(await scenario.settledJournal()).toMatchObject([{ finished: false }]);
  });
});

describe("a search ends in time", () => {
  test.each([
    ["before the headers", { hang: "before_headers" as const }],
    ["after the headers", { hang: "after_headers" as const }],
    ["for longer than the timeout", { delay_ms: 60_000 }],
  ])("when the service hangs %s", async (_what, answer) => {
    const scenario = newSearchScenario();
    await scenario.script({ default: answer });
    const result = await searchWith(scenario, { timeoutMs: 300 });
    expect(result).toMatchObject({ status: "error", output: { error: "search_timeout", attempts: 1 } });
    expectOurWords(result);
    expect(await scenario.settledJournal()).toMatchObject([{ finished: false }]);
  });

  test("over all attempts, not for each", async () => {
    const scenario = newSearchScenario();
    await scenario.script({ default: { delay_ms: 800, status: 500 } });
    expect(await searchWith(scenario, { timeoutMs: 1_800 })).toMatchObject({
      output: { error: "search_timeout", attempts: 2 },
    });
  });

  test("without a second attempt that would be too late", async () => {
    const scenario = newSearchScenario();
    await scenario.script({ default: { status: 429, headers: { "Retry-After": "2" } } });
    const result = await searchWith(scenario, { timeoutMs: 1_900 });
    expect(result).toMatchObject({ output: { error: "search_rate_limited", attempts: 1 } });
  });

  test("when its caller stops it between two attempts", async () => {
    const scenario = newSearchScenario();
    await scenario.script({ default: { status: 429, headers: { "Retry-After": "3" } } });
    // Who slept through it would sleep for ever.
    const stop = new AbortController();
    holdTimers();
    const searching = searchWith(scenario, { signal: stop.signal });
    await scenario.settledJournal();
    stop.abort();
    const result = await searching;
    expect(result).toMatchObject({ output: { error: "search_aborted", attempts: 1 } });
  });

  test("when its caller stops it before or during an attempt", async () => {
    const scenario = newSearchScenario();
    await scenario.script({ default: { hang: "before_headers" } });
    const stopped = { status: "error", output: { error: "search_aborted" } };
    expect(await searchWith(scenario, { signal: AbortSignal.abort() })).toMatchObject(stopped);
    expect(await scenario.journal()).toEqual([]);
    expect(await searchWith(scenario, { signal: AbortSignal.timeout(100) })).toMatchObject(stopped);
    expect(await scenario.settledJournal()).toMatchObject([{ finished: false }]);
  });
});

test.each([undefined, ""])("without a key (%j) no request is sent", async (key) => {
  const scenario = newSearchScenario();
  expect(await searchWith(scenario, { key })).toMatchObject({
    status: "error",
    content: "Web search is not configured.",
    output: { error: "search_not_configured", attempts: 0 },
  });
  expect(await scenario.journal()).toEqual([]);
});
