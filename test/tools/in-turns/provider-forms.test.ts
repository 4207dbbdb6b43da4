import { describe, expect, test } from "vitest";
import cases from "../../cases/tool-calls.json";
import type { Json } from "../../support/api.ts";
import { says } from "../../support/turn-fixture.ts";
import { createToolFixture, type ToolFixture } from "./tool-fixture.ts";

/** An answer that is streamed unchanged. */
function streams(chunks: readonly unknown[]) {
  const body = [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"].map((data) => `data: ${data}\n\n`);
  return { headers: { "Content-Type": "text/event-stream" }, body: body.join("") };
}

const namePattern = /^[A-Za-z0-9_-]{1,64}$/;

/** What must hold of the request after an answer, as the cases name it. */
const holds: Readonly<Record<string, (asked: Json, first: readonly Json[], body: Json) => void>> = {
  "the call's arguments are JSON of an object": (asked) => {
    expect(JSON.parse(asked.tool_calls[0].function.arguments)).toEqual({});
  },
  "every function name matches ^[A-Za-z0-9_-]{1,64}$": (asked) => {
    for (const call of asked.tool_calls) expect(call.function.name).toMatch(namePattern);
  },
  "the call still has extra_content.google.thought_signature": (asked) => {
    expect(asked.tool_calls[0].extra_content).toEqual({ google: { thought_signature: "SIG" } });
  },
  "the assistant message has the same reasoning_content": (asked) => {
    expect(asked.reasoning_content).toBe("I must search");
  },
  "the id is whole": (asked, first) => {
    const [{ delta }] = first[0].choices;
    expect(asked.tool_calls[0].id).toBe(delta.tool_calls[0].id);
  },
  "no message has empty content: null where there is none": (asked, _, body) => {
    expect(asked.content).toBeNull();
    for (const { content } of body.messages) expect(content).not.toBe("");
  },
};

async function askTwice(fixture: ToolFixture): Promise<Json> {
  expect((await fixture.post("@ada go")).body).toMatchObject({
    status: "completed",
    assistant_output: "Done.",
  });
  const [, second, ...others] = await fixture.models.journal();
  expect(others).toEqual([]);
  return second?.body;
}

describe("a first answer that asks for a tool", () => {
  test.each(cases)(
    "$name: its calls run, and the next request has the form that its provider requires",
    async ({ first_answer, expect: expected }) => {
      const fixture = await createToolFixture();
      await fixture.models.script(says("ada", streams(first_answer), 1), says("ada", "Done."));

      const body = await askTwice(fixture);

      const asked = body.messages.findLast(({ role }: Json) => role === "assistant");
      const answered = body.messages.filter(({ role }: Json) => role === "tool");
      expect(answered.map((one: Json) => one.tool_call_id)).toEqual(
        asked.tool_calls.map(({ id }: Json) => id),
      );
      expect(body.tools.map((tool: Json) => tool.function.name)).toEqual(["search"]);
      if (expected.runs !== undefined) expect(await fixture.searched()).toEqual(expected.runs);
      if (expected.next_request !== undefined) holds[expected.next_request]?.(asked, first_answer, body);
    },
  );

  test("every expectation of the cases is checked", () => {
    const expected = cases.flatMap((one) => one.expect.next_request ?? []);
    expect(Object.keys(holds).toSorted()).toEqual([...new Set(expected)].toSorted());
  });
});

const chunk = (delta: object, finish_reason: string | null = null) => ({
  id: "gen-1",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason }],
});
const reasons = (id: string, query: string) =>
  streams([
    chunk({ reasoning_details: [{ type: "reasoning.text", text: "I must" }], reasoning: "I must" }),
    chunk({
      reasoning_details: [{ type: "reasoning.encrypted", data: "SECRET-SIGNATURE" }],
      reasoning: " search",
    }),
    chunk({
      tool_calls: [{ index: 0, id, function: { name: "search", arguments: JSON.stringify({ query }) } }],
    }),
    chunk({}, "tool_calls"),
  ]);

describe("the fields that a provider wants back", () => {
  test("are sent in the agent's own next requests of the run, and are in no answer, event, log or later turn", async () => {
    const fixture = await createToolFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    await fixture.models.script(
      says("ada", reasons("c1", "cats"), 1),
      says("ada", reasons("c1", "dogs"), 2),
      says("ada", "Done."),
      says("bob", "Agreed."),
    );

    const events = await (await fixture.stream("go")).text();
    const later = await fixture.post("again");

    const journal = await fixture.models.journal();
    const [, , third, ...rest] = journal.map(({ body }) => body as Json);
    const asked = third.messages.filter(({ role }: Json) => role === "assistant");
    const fields = {
      reasoning: "I must search",
      reasoning_details: [
        { type: "reasoning.text", text: "I must" },
        { type: "reasoning.encrypted", data: "SECRET-SIGNATURE" },
      ],
    };
    expect(asked).toMatchObject([fields, fields]);
    expect(asked.map((one: Json) => one.tool_calls[0].id)).toEqual(["c1", "2-c1"]);
    const elsewhere = [rest, events, later, fixture.api.lines, await fixture.list(), await fixture.ledger()];
    const { body: transcript } = await fixture.api
      .as(fixture.owner)
      .get(`/sessions/${fixture.sessionId}/messages`);
    expect(JSON.stringify([...elsewhere, transcript])).not.toMatch(/SECRET-SIGNATURE|I must/);
  });

  test("are left out in one repeat where the provider refuses them by name", async () => {
    const fixture = await createToolFixture();
    const refusal = { status: 400, body: { error: { message: "property 'reasoning' is unsupported" } } };
    await fixture.models.script(
      says("ada", reasons("c1", "cats"), 1),
      says("ada", refusal, 2),
      says("ada", reasons("c2", "dogs"), 3),
      says("ada", "Done."),
    );

    const { body } = await fixture.post("@ada go");

    expect(body).toMatchObject({ status: "completed", assistant_output: "Done." });
    const sent = (await fixture.models.journal()).map(({ body: { messages } }) =>
      (messages as Json[]).flatMap(({ role, reasoning, reasoning_details: details }) =>
        role === "assistant" ? [[reasoning !== undefined, details !== undefined]] : [],
      ),
    );
    expect(sent).toEqual([
      [],
      [[true, true]],
      [[false, true]],
      [
        [false, true],
        [false, true],
      ],
    ]);
    const attempts = (await fixture.ledger())
      .toSorted((a, b) => a.round - b.round)
      .map((row) => row.attempts);
    expect(attempts).toEqual([1, 2, 1]);
  });
});
