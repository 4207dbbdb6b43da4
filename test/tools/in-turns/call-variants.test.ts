import { describe, expect, test } from "vitest";
import { chunkOf, eventStream, toEvents } from "../../runtime/model/read-answer.ts";
import { says } from "../../support/turn-fixture.ts";
import { createToolFixture, query } from "./tool-fixture.ts";

/** Pieces of calls, one delta each; the finish reason and usage follow. */
type Variant = [name: string, deltas: readonly object[], queries: readonly string[], finishReason?: string];

const call = (id: string, text: string, more: object = {}) => ({
  id,
  type: "function",
  function: { name: "search", arguments: query(text) },
  ...more,
});
const calls = (...pieces: unknown[]) => ({ tool_calls: pieces });
const named = (args: unknown) => calls({ index: 0, id: "c1", function: { name: "search", arguments: args } });

const variants: Variant[] = [
  [
    "calls are numbered from 1",
    [calls(call("c1", "a", { index: 1 })), calls(call("c2", "b", { index: 2 }))],
    ["a", "b"],
  ],
  [
    "calls are numbered backwards",
    [calls(call("c2", "b", { index: 1 }), call("c1", "a", { index: 0 }))],
    ["b", "a"],
  ],
  [
    "the index is null",
    [calls(call("c1", "a", { index: null })), calls(call("c2", "b", { index: null }))],
    ["a", "b"],
  ],
  [
    "pieces of two calls alternate by index",
    [
      calls({ index: 0, id: "c1", function: { name: "search", arguments: '{"query":' } }),
      calls({ index: 1, id: "c2", function: { name: "search", arguments: '{"query":' } }),
      calls({ index: 0, function: { arguments: '"a"}' } }),
      calls({ index: 1, function: { arguments: '"b"}' } }),
    ],
    ["a", "b"],
  ],
  [
    "pieces of two calls alternate by id",
    [
      calls({ id: "c1", function: { name: "search", arguments: '{"query":' } }),
      calls({ id: "c2", function: { name: "search", arguments: '{"query":' } }),
      calls({ id: "c1", function: { arguments: '"a"}' } }),
      calls({ id: "c2", function: { arguments: '"b"}' } }),
    ],
    ["a", "b"],
  ],
  [
    "id and name come with every piece",
    [
      calls({ index: 0, id: "c1", function: { name: "search", arguments: '{"query":' } }),
      calls({ index: 0, id: "c1", function: { name: "search", arguments: '"a"}' } }),
    ],
    ["a"],
  ],
  [
    "the name is cut in two",
    [
      calls({ index: 0, id: "c1", function: { name: "sea", arguments: "" } }),
      calls({ index: 0, function: { name: "rch", arguments: query("a") } }),
    ],
    ["a"],
  ],
  [
    "an id comes before its name",
    [
      calls(call("c1", "a", { index: 0 })),
      calls({ index: 1, id: "c2", function: { arguments: "" } }),
      calls({ index: 1, function: { name: "search", arguments: query("b") } }),
    ],
    ["a", "b"],
  ],
  [
    "an empty piece with an id of its own closes the list",
    [calls(call("c1", "a", { index: 0 })), calls({ index: 1, id: "c2", function: { arguments: "" } })],
    ["a"],
  ],
  [
    "the id comes last",
    [
      calls({ index: 0, function: { name: "search", arguments: query("a") } }),
      calls({ index: 0, id: "c1", function: { arguments: "" } }),
    ],
    ["a"],
  ],
  [
    "no call has an id",
    [
      calls(
        { index: 0, function: { name: "search", arguments: query("a") } },
        { index: 1, function: { name: "search", arguments: query("b") } },
      ),
    ],
    ["a", "b"],
  ],
  [
    "two calls have one id",
    [calls(call("c1", "a", { index: 0 }), call("c1", "b", { index: 1 }))],
    ["a", "b"],
  ],
  ["an id is a number", [calls(call(7 as unknown as string, "a", { index: 0 }))], ["a"]],
  ["tool_calls is one call, and no list", [{ tool_calls: call("c1", "a") }], ["a"]],
  [
    "the list holds null and words beside the call",
    [calls(null, "search", call("c1", "a", { index: 0 }))],
    ["a"],
  ],
  [
    "name and arguments are in the call itself",
    [calls({ id: "c1", name: "search", arguments: query("a") })],
    ["a"],
  ],
  [
    "the call is a function_call",
    [{ function_call: { name: "search", arguments: "" } }, { function_call: { arguments: query("a") } }],
    ["a"],
    "function_call",
  ],
  ["arguments are an object", [named({ query: "a" })], ["a"]],
  ["arguments are JSON in JSON in JSON", [named(JSON.stringify(JSON.stringify(query("a"))))], ["a"]],
  ["arguments are in a fence of no language", [named(`\`\`\`\n${query("a")}\n\`\`\``)], ["a"]],
  ["arguments are followed by a control token", [named(`${query("a")}<|im_end|>`)], ["a"]],
  ["arguments are followed by one bracket too many", [named(`${query("a")}}`)], ["a"]],
  [
    "arguments come whole behind their pieces",
    [
      named('{"query":'),
      calls({ index: 0, function: { arguments: '"a"}' } }),
      calls({ index: 0, function: { arguments: query("a") } }),
    ],
    ["a"],
  ],
  [
    "arguments are null first",
    [named(null), calls({ index: 0, function: { arguments: query("a") } })],
    ["a"],
  ],
  [
    "the name has its namespace in front",
    [calls({ index: 0, id: "c1", function: { name: "functions.search", arguments: query("a") } })],
    ["a"],
  ],
  [
    "the name has a control token behind it",
    [calls({ index: 0, id: "c1", function: { name: "search<|channel|>json", arguments: query("a") } })],
    ["a"],
  ],
  [
    "the name is between blanks",
    [calls({ index: 0, id: "c1", function: { name: " search\n", arguments: query("a") } })],
    ["a"],
  ],
  [
    "an empty piece closes the list",
    [calls(call("c1", "a", { index: 0 })), calls({ index: 1, function: {} })],
    ["a"],
  ],
  ["the finish reason is stop", [calls(call("c1", "a", { index: 0 }))], ["a"], "stop"],
  ["the finish reason is Anthropic's", [calls(call("c1", "a", { index: 0 }))], ["a"], "tool_use"],
  ["the finish reason is unknown", [calls(call("c1", "a", { index: 0 }))], ["a"], "whatever"],
  [
    "the limit cut a second call",
    [
      calls(call("c1", "a", { index: 0 })),
      calls({ index: 1, id: "c2", function: { name: "search", arguments: '{"qu' } }),
    ],
    ["a"],
    "length",
  ],
  [
    "words are before and behind",
    [{ content: "Let me look." }, calls(call("c1", "a", { index: 0 })), { content: " One moment." }],
    ["a"],
  ],
];

test.each(variants)("a tool runs where %s", async (_name, deltas, queries, finishReason = "tool_calls") => {
  const fixture = await createToolFixture();
  const usage = { id: "gen-1", choices: [], usage: { prompt_tokens: 90, completion_tokens: 9 } };
  const body = toEvents([...deltas.map((delta) => chunkOf(delta)), chunkOf({}, finishReason), usage]);
  await fixture.models.script(says("ada", { body, headers: eventStream }, 1), says("ada", "Found."));

  const { body: turn } = await fixture.post("@ada go");

  expect(turn.replies).toMatchObject([{ status: "completed", content: "Found." }]);
  expect(await fixture.searched()).toEqual(queries);
  const [, second] = await fixture.models.journal();
  const messages = second?.body.messages as {
    role: string;
    tool_call_id?: string;
    tool_calls?: { id: string }[];
  }[];
  const asked = messages.findLast(({ role }) => role === "assistant")?.tool_calls?.map(({ id }) => id) ?? [];
  expect(new Set(asked).size).toBe(asked.length);
  expect(messages.filter(({ role }) => role === "tool").map(({ tool_call_id: id }) => id)).toEqual(asked);
});

describe("an answer fails, is in the ledger, and runs no tool", () => {
  test.each([
    ["whose call has no name", calls({ index: 0, id: "c1", function: { arguments: query("a") } })],
    [
      "one of whose calls has no name",
      calls(call("c1", "a", { index: 0 }), { index: 1, id: "c2", function: { arguments: query("b") } }),
    ],
    ["whose call has an id over 4 KiB", calls(call(`c${"Q".repeat(4096)}`, "a", { index: 0 }))],
    [
      "that asks for 17 tools at once",
      calls(...Array.from({ length: 17 }, (_, index) => call(`c${index}`, `${index}`, { index }))),
    ],
  ])("%s", async (_name, delta) => {
    const fixture = await createToolFixture();
    const usage = { id: "gen-1", choices: [], usage: { prompt_tokens: 90, completion_tokens: 9 } };
    const body = toEvents([chunkOf(delta), chunkOf({}, "tool_calls"), usage]);
    await fixture.models.script(says("ada", { body, headers: eventStream }));

    const { body: turn } = await fixture.post("@ada go");

    expect(turn.replies).toMatchObject([{ status: "failed", error: { code: "model_bad_response" } }]);
    expect(await fixture.searched()).toEqual([]);
    expect(await fixture.ledger()).toMatchObject([
      { status: "failed", input_tokens_fresh: 90, output_tokens: 9 },
    ]);
  });
});

test("an id of 4 KiB is sent back unchanged", async () => {
  const fixture = await createToolFixture();
  const id = `c${"Q".repeat(4095)}`;
  const body = toEvents([chunkOf(calls(call(id, "a", { index: 0 }))), chunkOf({}, "tool_calls")]);
  await fixture.models.script(says("ada", { body, headers: eventStream }, 1), says("ada", "Found."));

  await fixture.post("@ada go");

  const [, second] = await fixture.models.journal();
  expect(second?.body.messages).toContainEqual(expect.objectContaining({ role: "tool", tool_call_id: id }));
});
