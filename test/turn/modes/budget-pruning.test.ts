import { expect, test } from "vitest";
import type { Json } from "../../support/api.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { seqsIn } from "./support/history.ts";
import { callsFor, conversationIn, summaryTextIs } from "./support/model-calls.ts";
import { textOf, tinyBudget, tinySettings, tooSmallSummarizer } from "./support/small-model.ts";

/** No summary comes between: what is left out is left out by pruning alone. */
const withoutSummaries = { CONTEXT_SUMMARY_EVERY_TURNS: "1000", ...tooSmallSummarizer };

async function createTinyFixture(settings: Record<string, string> = withoutSummaries): Promise<TurnFixture> {
  return createTurnFixture({
    agents: [{ key: "ada", modelAlias: "tiny" }],
    settings: tinySettings(settings),
  });
}

const auditOf = async (fixture: TurnFixture, turn: Json) => (await fixture.read(turn.id)).body.audit[0];

test("below 90 % of the budget everything is shown and nothing is pruned", async () => {
  const fixture = await createTinyFixture();
  await fixture.models.script(says("ada", textOf(600)));
  for (let n = 1; n <= 4; n += 1) await fixture.post(textOf(1_000, `@ada ${n}`));

  const { body } = await fixture.post("@ada and now?");

  expect(body.prune_triggered).toBe(false);
  expect(await auditOf(fixture, body)).toMatchObject({ included: [[1, 8]], dropped: [] });
});

test("from 90 % on the oldest replies are left out first, and as few as possible", async () => {
  const fixture = await createTinyFixture();
  await fixture.models.script(says("ada", textOf(2_400)));
  for (let n = 1; n <= 6; n += 1) await fixture.post(textOf(1_600, `@ada ${n}`));

  const { body } = await fixture.post(textOf(1_600, "@ada now"));

  expect(body).toMatchObject({ status: "completed", prune_triggered: true, overflow_rejected: false });
  const audit = await auditOf(fixture, body);
  const dropped: Json[] = audit.dropped.filter(({ reason }: Json) => reason !== "not_read");
  expect(new Set(dropped.map(({ reason }) => reason))).toEqual(new Set(["pruned_reply"]));
  const droppedSeqs = seqsIn(dropped.map(({ from, to }) => [from, to] as const));
  const shownSeqs = seqsIn(audit.included);
  // Replies are at even places. Each older one was left out before a newer one.
  const shownReplies = shownSeqs.filter((seq) => seq % 2 === 0);
  expect(shownReplies.length).toBeGreaterThan(0);
  expect(Math.max(...droppedSeqs)).toBeLessThan(Math.min(...shownReplies));
  expect(audit.estimated_tokens_before).toBeGreaterThanOrEqual(0.9 * tinyBudget.input);
  expect(audit.estimated_tokens_after_prune).toBeLessThan(0.9 * tinyBudget.input);
  // With the last one that went it would still have been too much.
  expect(audit.estimated_tokens_after_prune).toBeGreaterThan(0.9 * tinyBudget.input - 1.25 * 650);
});

test("then the oldest user messages are left out, never those of the last four turns or the current one", async () => {
  const fixture = await createTinyFixture();
  await fixture.models.script(says("ada", "Yes."));
  for (let n = 1; n <= 6; n += 1) await fixture.post(textOf(3_400, `@ada turn ${n}`));

  const { body } = await fixture.post(textOf(3_400, "@ada turn 7"));

  expect(body).toMatchObject({ status: "completed", prune_triggered: true });
  const calls = callsFor(await fixture.models.journal(), "ada").at(-1);
  const shown = conversationIn(calls).map((said) => /^@ada turn \d/.exec(said)?.[0]);
  expect(shown).toEqual([3, 4, 5, 6, 7].map((n) => `@ada turn ${n}`));
  const { included, dropped } = await auditOf(fixture, body);
  expect(seqsIn(included)).toEqual([5, 7, 9, 11]);
  expect(dropped).toEqual([
    ...[2, 4, 6, 8, 10, 12].map((seq) => ({ from: seq, to: seq, reason: "pruned_reply" })),
    { from: 1, to: 1, reason: "pruned_user_message" },
    { from: 3, to: 3, reason: "pruned_user_message" },
  ]);
});

test("the user messages of the last four turns are shown, however long the answers since then are", async () => {
  const fixture = await createTinyFixture();
  await fixture.models.script(says("ada", textOf(20_000)), summaryTextIs({ status: 400 }));
  for (let n = 1; n <= 6; n += 1) await fixture.post(`@ada turn ${n}`);

  const { body } = await fixture.post("@ada turn 7");

  const call = callsFor(await fixture.models.journal(), "ada").at(-1);
  expect(conversationIn(call)).toEqual([3, 4, 5, 6, 7].map((n) => `@ada turn ${n}`));
  const { included, dropped } = await auditOf(fixture, body);
  expect(seqsIn(included)).toEqual([5, 7, 9, 11]);
  expect(dropped).toEqual([
    { from: 1, to: 4, reason: "not_read" },
    { from: 6, to: 6, reason: "not_read" },
    { from: 8, to: 8, reason: "not_read" },
    { from: 10, to: 10, reason: "pruned_reply" },
    { from: 12, to: 12, reason: "pruned_reply" },
  ]);
});

test("a summary is due at 70 % of the budget, before anything is pruned", async () => {
  const fixture = await createTinyFixture({});
  await fixture.models.script(says("ada", "Yes."));
  const turns: Json[] = [];
  for (let n = 1; n <= 8; n += 1) turns.push((await fixture.post(textOf(2_400, `@ada turn ${n}`))).body);

  const fills: number[] = [];
  for (const turn of turns) {
    const { estimated_tokens_before, input_budget } = await auditOf(fixture, turn);
    fills.push(estimated_tokens_before / input_budget);
  }
  const first = fills.findIndex((fill) => fill >= 0.7);
  expect(first).toBeGreaterThan(0);
  expect(turns.findIndex(({ summary_triggered }) => summary_triggered)).toBe(Math.max(first, 5));
  expect(turns.filter(({ prune_triggered }) => prune_triggered)).toEqual([]);
  const made = turns.find(({ summary_triggered }) => summary_triggered);
  const { estimated_tokens_before, estimated_tokens_after_summary } = await auditOf(fixture, made);
  expect(estimated_tokens_after_summary).toBeLessThan(estimated_tokens_before - 500);
});
