import { describe, expect, test } from "vitest";
import { createToolRegistry } from "../../src/tools/registry.ts";
import { createSearchTool } from "../../src/tools/search.ts";
import type { Tool, ToolResult } from "../../src/tools/tool.ts";
import { newSearchScenario } from "../support/search-scenario.ts";
import { toolContext } from "../support/tool-context.ts";

const context = toolContext();
const query = '{"query":"edge runtimes"}';

/** Stored permissions that give nothing. */
const unreadable: unknown[] = [
  [],
  null,
  undefined,
  "search",
  "research",
  '["search"]',
  { search: true },
  { 0: "search", length: 1 },
  ["search", "rm"],
  ["search", 7],
  [["search"]],
  ["Search"],
  true,
];

function openRegistry() {
  const scenario = newSearchScenario();
  const search = createSearchTool({ apiKey: "k", baseUrl: scenario.baseUrl, fetch, now: () => Date.now() });
  // Registered, but no tool that an agent could be permitted.
  const other = fakeTool({ name: "other" });
  return { scenario, registry: createToolRegistry([search, other], { now: () => Date.now() }) };
}

const done: ToolResult = { status: "success", content: "done", input: {}, output: {} };

function fakeTool(parts: Partial<Tool> = {}): Tool {
  return {
    name: "search",
    description: "A tool of the test",
    parameters: { type: "object" },
    readArguments: () => ({ ok: true, args: { asked: "this" } }),
    readTrigger: () => ({ asked: "this" }),
    execute: async () => done,
    ...parts,
  };
}

function runFake(parts: Partial<Tool>, signal?: AbortSignal) {
  const registry = createToolRegistry([fakeTool(parts)], { now: () => 0 });
  return registry.execute({
    name: "search",
    argumentsText: "{}",
    permissions: ["search"],
    context: toolContext(signal),
  });
}

describe("an agent with the permission", () => {
  test("can call the tool, trigger it and run it", async () => {
    const { scenario, registry } = openRegistry();
    const permissions = ["search"];
    expect(registry.offered(permissions)).toEqual([
      {
        name: "search",
        description: expect.stringContaining("Searches the web"),
        parameters: expect.objectContaining({ type: "object", required: ["query"] }),
      },
    ]);
    expect(registry.trigger("@ada search: edge runtimes", permissions)).toEqual({
      name: "search",
      argumentsText: query,
    });
    expect(
      await registry.execute({ name: "search", argumentsText: query, permissions, context }),
    ).toMatchObject({
      toolName: "search",
      status: "success",
      content: expect.stringMatching(
        /<untrusted_text_1 source="search">\n1\. About .*\n<\/untrusted_text_1>$/s,
      ),
      input: { query: "edge runtimes" },
      output: { results: 1, urls: ["https://example.com/found"] },
    });
    expect(await scenario.journal()).toHaveLength(1);
  });

  test("gets the right result for each of several calls at once", async () => {
    const { scenario, registry } = openRegistry();
    const queries = ["one", "two", "three", "four", "five"];
    const executions = await Promise.all(
      queries.map((word) =>
        registry.execute({
          name: "search",
          argumentsText: JSON.stringify({ query: word }),
          permissions: ["search"],
          context,
        }),
      ),
    );
    expect(executions.map(({ input }) => input.query)).toEqual(queries);
    expect(executions.map(({ content }) => /1\. About (.*)/.exec(content)?.[1])).toEqual(queries);
    expect(await scenario.journal()).toHaveLength(5);
  });
});

describe("an agent without the permission", () => {
  test.each(unreadable.map((permissions) => ({ permissions })))("$permissions", async ({ permissions }) => {
    const { scenario, registry } = openRegistry();
    expect(registry.offered(permissions)).toEqual([]);
    expect(registry.trigger("search: edge runtimes", permissions)).toBeNull();
    const execution = await registry.execute({ name: "search", argumentsText: query, permissions, context });
    expect(execution).toMatchObject({
      toolName: "search",
      status: "denied",
      input: { arguments: query },
      output: { error: "tool_not_permitted" },
    });
    expect(JSON.parse(execution.content)).toEqual({
      error: { code: "tool_not_permitted", message: expect.stringContaining("Tools you may use: none.") },
    });
    expect(await scenario.journal()).toEqual([]);
  });

  test("for one tool may use another, and the result says which", async () => {
    const { registry } = openRegistry();
    const call = { name: "other", argumentsText: "{}", permissions: ["search"], context };
    const execution = await registry.execute(call);
    expect(execution).toMatchObject({ status: "denied", output: { error: "tool_not_permitted" } });
    expect(execution.content).toContain("Tools you may use: search.");
  });
});

test.each([
  ["rm_rf", "rm_rf"],
  ["no name", ""],
  ["another case", "SEARCH"],
  ["a space too many", "search "],
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["an endless name", "x\u0000".repeat(5_000)],
])("a call of the unknown tool %s is denied and recorded", async (_what, name) => {
  const { registry } = openRegistry();
  const execution = await registry.execute({ name, argumentsText: query, permissions: ["search"], context });
  expect(execution).toMatchObject({ status: "denied", output: { error: "unknown_tool" } });
  expect(execution.toolName.length).toBeLessThanOrEqual(64);
  expect(execution.toolName).not.toContain("\u0000");
  expect(execution.content).toContain("Tools you may use: search.");
});

test.each([
  ["nothing", ""],
  ["no JSON", "no JSON"],
  ["the wrong type", '{"query":7}'],
  ["an empty query", '{"query":""}'],
  ["too much", `{"query":"${"q".repeat(100_000)}"}`],
])("unreadable arguments run nothing: %s", async (_what, argumentsText) => {
  const { scenario, registry } = openRegistry();
  const execution = await registry.execute({
    name: "search",
    argumentsText,
    permissions: ["search"],
    context,
  });
  expect(execution).toMatchObject({ status: "error", output: { error: "invalid_arguments" } });
  expect(JSON.parse(execution.content)).toMatchObject({ error: { code: "invalid_arguments" } });
  expect(JSON.stringify(execution.input).length).toBeLessThanOrEqual(8_192);
  expect(await scenario.journal()).toEqual([]);
});

describe("a tool that breaks its contract", () => {
  const failed = { status: "error", output: { error: "tool_failed" }, input: { asked: "this" } };
  const secret = new Error("canary: connect to https://key@host");

  test.each([
    ["rejects", { execute: () => Promise.reject(secret) }, failed],
    [
      "throws",
      {
        execute: () => {
          throw secret;
        },
      },
      failed,
    ],
    [
      "throws while it reads its arguments",
      {
        readArguments: () => {
          throw secret;
        },
      },
      { ...failed, input: { arguments: "{}" } },
    ],
  ])("because it %s has failed", async (_what, parts, expected) => {
    const execution = await runFake(parts);
    expect(execution).toMatchObject(expected);
    expect(JSON.stringify(execution)).not.toContain("canary");
  });

  test("because it ignores its signal is not waited for", async () => {
    const forever = () => new Promise<never>(() => undefined);
    const stopped = { status: "error", output: { error: "tool_aborted" } };
    expect(await runFake({ execute: forever }, AbortSignal.timeout(20))).toMatchObject(stopped);
  });

  test("is not run once its signal has aborted", async () => {
    let runs = 0;
    const count = async () => {
      runs += 1;
      return done;
    };
    const stopped = { status: "error", output: { error: "tool_aborted" } };
    expect(await runFake({ execute: count }, AbortSignal.abort())).toMatchObject(stopped);
    expect(runs).toBe(0);
  });
});

test("that throws gives the model Pantheon's own text, without a fence", async () => {
  const execution = await runFake({ execute: async () => ({ ...done, status: "error", content: "Sorry." }) });
  expect(execution).toMatchObject({ status: "error", content: "Sorry." });
});

describe("the record of a call", () => {
  test("has its latency in whole milliseconds", async () => {
    const times = [1_000.2, 1_041.9];
    const registry = createToolRegistry([fakeTool()], { now: () => times.shift() ?? 0 });
    const call = { name: "search", argumentsText: "{}", permissions: ["search"], context };
    expect(await registry.execute(call)).toMatchObject({ latencyMs: 42 });
  });

  test("is cut at 8 KiB of valid JSON, counted in bytes", async () => {
    const large = { words: ['"\\\u0001', "é", "😀"].map((word) => word.repeat(3_000)) };
    const { input, output } = await runFake({
      execute: async () => ({ ...done, input: large, output: large }),
    });
    for (const record of [input, output]) {
      expect(record).toEqual({ truncated: true, preview: expect.stringContaining('{"words":[') });
      expect(new TextEncoder().encode(JSON.stringify(record)).length).toBeLessThanOrEqual(8_192);
    }
    const { output: accents } = await runFake({
      execute: async () => ({ ...done, output: { words: "é".repeat(5_000) } }),
    });
    expect(accents).toMatchObject({ truncated: true });
    const small = { words: "é".repeat(4_000) };
    expect(await runFake({ execute: async () => ({ ...done, output: small }) })).toMatchObject({
      output: small,
    });
  });

  test("has no character that Postgres refuses", async () => {
    const odd = { "k\u0000": ["a\u0000b", { deep: "\ud800" }, 7, null, true] };
    const { output } = await runFake({ execute: async () => ({ ...done, output: odd }) });
    // As JSON, for a lone surrogate in a failure breaks the report.
    expect(JSON.stringify(output)).toBe(JSON.stringify({ k: ["ab", { deep: "\ufffd" }, 7, null, true] }));
  });
});

test("two tools with the same name are refused at start", () => {
  expect(() => createToolRegistry([fakeTool(), fakeTool()], { now: () => 0 })).toThrow("same name");
});
