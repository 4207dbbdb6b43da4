import { describe, expect, test } from "vitest";
import type { TurnFixture } from "../../support/turn-fixture.ts";
import { storedSummaries } from "./support/history.ts";
import {
  callerOf,
  callsFor,
  conversationIn,
  summaryStructureIs,
  summaryTextIs,
} from "./support/model-calls.ts";
import { createSummaryFixture, talk, wholeStructure } from "./support/summary-fixture.ts";

const text = (words: string) => JSON.stringify({ summary_text: words });
const noLists = { key_facts: [], decisions: [], open_questions: [], action_items: [] };

describe("a summary whose two answers follow the contract", () => {
  test("is stored with its range, and reported in the turn that made it", async () => {
    const fixture = await createSummaryFixture();
    await fixture.models.script(
      summaryTextIs(text("They planned a trip.")),
      summaryStructureIs(JSON.stringify(wholeStructure)),
    );

    const [, , third] = await talk(fixture, 3);

    expect(third).toMatchObject({
      summary_triggered: true,
      summary_used_fallback: false,
      status: "completed",
    });
    expect(await storedSummaries(fixture)).toMatchObject([
      {
        turn_id: third.id,
        made_in_turn_index: 3,
        from_seq: 1,
        to_seq: 2,
        summary_text: "They planned a trip.",
        ...wholeStructure,
        used_fallback: false,
      },
    ]);
  });

  test("replaces its range from the next turn on, until a later summary replaces it", async () => {
    const fixture = await createSummaryFixture();
    await fixture.models.script(
      summaryTextIs(text("Summary one."), 1),
      summaryTextIs(text("Summary two.")),
      summaryStructureIs(JSON.stringify(wholeStructure)),
    );
    await talk(fixture, 6);

    const journal = await fixture.models.journal();
    const [, , third, fourth, fifth, sixth] = callsFor(journal, "ada").map(conversationIn);
    expect(third?.[0]).toBe("@ada word 1");
    expect(fourth?.join("\n\n")).toContain("Summary one.");
    expect(fourth?.join("\n\n")).toContain("Key facts:\n- The boat is red.");
    expect(fourth?.filter((said) => said.startsWith("@ada"))).toEqual([
      "@ada word 2",
      "@ada word 3",
      "@ada word 4",
    ]);
    expect(fifth?.join()).toContain("Summary one.");
    expect(sixth?.join()).toContain("Summary two.");
    expect(sixth?.join()).not.toContain("Summary one.");
    expect(sixth?.filter((said) => said.startsWith("@ada"))).toEqual([
      "@ada word 4",
      "@ada word 5",
      "@ada word 6",
    ]);
  });

  test("is made from the summary before and the messages after it, by the model of the settings", async () => {
    const fixture = await createSummaryFixture({ SUMMARIZER_MODEL_ALIAS: "qwen" });
    await fixture.models.script(summaryTextIs(text("Summary one."), 1), summaryTextIs(text("Summary two.")));
    await talk(fixture, 5);

    const [, second] = callsFor(await fixture.models.journal(), "summary_text");
    expect(second?.model).toBe("qwen/qwen3-235b-a22b");
    expect(second?.body).not.toHaveProperty("tools");
    const shown = second?.messages[1]?.content ?? "";
    expect(shown).toContain("Summary one.");
    expect([...shown.matchAll(/@ada word (\d)/g)].map(([, n]) => n)).toEqual(["2", "3"]);
    expect(shown).not.toContain("Agent role");
  });

  test("is not billed: it has no ledger row and no credits, and both calls are in the first audit row", async () => {
    const fixture = await createSummaryFixture({}, { agents: ["ada", "bob"], mode: "roundtable" });
    await fixture.models.script(
      summaryTextIs({ text: text("One."), usage: { prompt_tokens: 210, completion_tokens: 30 } }),
      summaryStructureIs({
        text: "{}",
        usage: { prompt_tokens: 250, cached_tokens: 50, completion_tokens: 9 },
      }),
    );

    const [, , third] = await talk(fixture, 3);

    expect(third.usage.calls).toBe(2);
    expect(await fixture.ledger()).toHaveLength(6);
    expect((await fixture.read(third.id)).body.audit).toMatchObject([
      {
        agent_key: "ada",
        overhead_calls: [
          { purpose: "summary_text", input_tokens_fresh: 210, output_tokens: 30, status: "completed" },
          {
            purpose: "summary_structure",
            input_tokens_fresh: 200,
            input_tokens_cached: 50,
            output_tokens: 9,
          },
        ],
      },
      { agent_key: "bob", overhead_calls: [] },
    ]);
  });
});

describe("where a summarizer breaks the contract", () => {
  test("in its first answer, nothing is stored, one warning is logged, and the next try is four turns later", async () => {
    const fixture = await createSummaryFixture();
    await fixture.models.script(
      summaryTextIs("I'm sorry, but I can't help with that.", 1),
      summaryTextIs(text("At last.")),
      summaryStructureIs(JSON.stringify(wholeStructure)),
    );

    const turns = await talk(fixture, 7);

    expect(turns.map((turn) => turn.summary_triggered)).toEqual([...Array(6).fill(false), true]);
    expect(turns[2]).toMatchObject({ summary_used_fallback: false, status: "completed" });
    expect(
      (await fixture.models.journal()).map(callerOf).filter((asked) => asked === "summary_text"),
    ).toHaveLength(2);
    expect(await storedSummaries(fixture)).toMatchObject([
      { made_in_turn_index: 7, from_seq: 1, to_seq: 10, summary_text: "At last." },
    ]);
    expect(warningsOf(fixture)).toMatchObject([
      { event: "summary_failed", purpose: "summary_text", code: "wrong_form" },
    ]);
  });

  test("again and again, it is called in the turns 3, 7, 11 and 27, and a stored summary ends the pauses", async () => {
    const fixture = await createSummaryFixture();
    const sorry = "I can't help with that.";
    await fixture.models.script(
      ...[1, 2, 3].map((call) => summaryTextIs(sorry, call)),
      summaryTextIs(text("At last."), 4),
      summaryTextIs(text("Again.")),
    );
    const turns = await talk(fixture, 29);
    expect(turns.flatMap((turn) => (turn.summary_triggered ? [turn.turn_index] : []))).toEqual([27, 29]);
    const calls = (await fixture.models.journal()).map(callerOf);
    expect(calls.filter((asked) => asked === "summary_text")).toHaveLength(5);
  });

  test.each([
    ["prose", "I have no lists for you."],
    ["a list", '["a"]'],
    ["other keys", '{"facts": ["a"]}'],
    [
      "lists that are none",
      '{"key_facts": {"a": 1}, "decisions": {"a": 1}, "open_questions": 7, "action_items": null}',
    ],
  ])(
    "in its second answer with %s, all four lists are empty and the text is stored",
    async (_what, structure) => {
      const fixture = await createSummaryFixture();
      await fixture.models.script(summaryTextIs(text("They talked.")), summaryStructureIs(structure));

      const [, , third] = await talk(fixture, 3);

      expect(third).toMatchObject({ summary_triggered: true, summary_used_fallback: true });
      expect((await fixture.read(third.id)).body.summary_used_fallback).toBe(true);
      expect(await storedSummaries(fixture)).toMatchObject([
        { summary_text: "They talked.", used_fallback: true, ...noLists },
      ]);
    },
  );

  test("in its second answer by leaving out lists, only these are empty", async () => {
    const fixture = await createSummaryFixture();
    await fixture.models.script(
      summaryTextIs(text("They talked.")),
      summaryStructureIs('{"decisions": ["Go."]}'),
    );
    await talk(fixture, 3);
    expect(await storedSummaries(fixture)).toMatchObject([
      { ...noLists, decisions: ["Go."], used_fallback: false },
    ]);
  });

  test("by failing its second call, the text is stored with empty lists", async () => {
    const fixture = await createSummaryFixture();
    await fixture.models.script(summaryTextIs(text("They talked.")), summaryStructureIs({ status: 400 }));

    const [, , third] = await talk(fixture, 3);

    expect(third).toMatchObject({ summary_triggered: true, status: "completed" });
    expect(await storedSummaries(fixture)).toMatchObject([{ summary_text: "They talked.", ...noLists }]);
  });

  test("with too many words, the text is cut at 220", async () => {
    const fixture = await createSummaryFixture();
    const words = Array.from({ length: 300 }, (_, n) => `word-${n}`);
    await fixture.models.script(summaryTextIs(text(words.join(" "))));
    await talk(fixture, 3);
    expect((await storedSummaries(fixture))[0].summary_text).toBe(words.slice(0, 220).join(" "));
  });
});

describe("a summarizer that does not answer", () => {
  test.each([
    ["fails", { status: 400 }, []],
    ["says nothing", { text: "" }, [{ purpose: "summary_text", status: "failed" }]],
    [
      "is cut off",
      { text: text("They"), cut_after_chunks: 1 },
      [{ purpose: "summary_text", usage_source: "estimated" }],
    ],
    ["runs past its tokens", { text: text("They"), finish_reason: "length" }, [{ purpose: "summary_text" }]],
  ])(
    "and %s leaves no summary, and the turn is stored; the next try is four turns later",
    async (_how, answer, overhead) => {
      const fixture = await createSummaryFixture();
      await fixture.models.script(
        summaryTextIs(answer, 1),
        summaryTextIs(text("At last.")),
        summaryStructureIs(JSON.stringify(wholeStructure)),
      );

      const [, , third, ...later] = await talk(fixture, 7);

      expect(third).toMatchObject({
        summary_triggered: false,
        summary_used_fallback: false,
        status: "completed",
      });
      expect((await fixture.read(third.id)).body.audit).toMatchObject([{ overhead_calls: overhead }]);
      expect(later.map((turn) => turn.summary_triggered)).toEqual([false, false, false, true]);
      expect(await storedSummaries(fixture)).toMatchObject([
        { made_in_turn_index: 7, from_seq: 1, to_seq: 10, summary_text: "At last." },
      ]);
      expect(warningsOf(fixture)).toMatchObject([{ event: "summary_failed", purpose: "summary_text" }]);
    },
  );
});

function warningsOf(fixture: TurnFixture) {
  return fixture.api.lines.filter(({ level }) => level === "warn");
}
