import fc from "fast-check";
import { expect, it } from "vitest";
import { planSummary, type UnsummarisedMessage } from "../../../src/domain/summary/summary-plan.ts";

type Stored = UnsummarisedMessage & { superseded: boolean };
type Reply = { characters: number; kind: "shared" | "private" | "superseded" };
type Turn = { replies: Reply[]; summaryFails: boolean };
type Bounds = { rows: number; characters: number };
type Session = { turns: Turn[]; window: Bounds; backlog: Bounds; budgetTokens: number; keepRawTurns: number };

const reply = fc.record({
  characters: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 500, max: 6_000 })),
  kind: fc.constantFrom("shared" as const, "shared" as const, "private" as const, "superseded" as const),
});
const turn = fc.record({
  replies: fc.array(reply, { maxLength: 6 }),
  summaryFails: fc.constantFrom(true, false, false),
});
/** Bounds so tight that windows are cut within turns and gaps open all the time. */
const bounds = fc.record({
  rows: fc.integer({ min: 16, max: 60 }),
  characters: fc.integer({ min: 2_000, max: 20_000 }),
});
const session: fc.Arbitrary<Session> = fc.record({
  turns: fc.array(turn, { minLength: 60, maxLength: 200, size: "max" }),
  window: bounds,
  backlog: bounds,
  budgetTokens: fc.integer({ min: 256, max: 4_000 }),
  keepRawTurns: fc.integer({ min: 1, max: 5 }),
});

const within = (messages: readonly Stored[], { rows, characters }: Bounds) => {
  let sum = 0;
  const tooMany = messages.findIndex(({ content }, index) => {
    sum += content.length;
    return index >= rows || sum > characters;
  });
  return tooMany === -1 ? messages.length : tooMany;
};
const readNewest = (messages: readonly Stored[], most: Bounds) =>
  messages.slice(messages.length - within(messages.toReversed(), most));
/** At least to the first message of the second turn, as planSummary asks for. */
const readOldest = (messages: readonly Stored[], most: Bounds) => {
  const secondTurn = messages.findIndex(({ turnIndex }) => turnIndex !== messages[0]?.turnIndex);
  return messages.slice(0, Math.max(secondTurn + 1, within(messages, most)));
};

function simulate({
  turns,
  window: windowBounds,
  backlog: backlogBounds,
  budgetTokens,
  keepRawTurns,
}: Session) {
  const stored: Stored[] = [];
  const timesCovered = new Map<number, number>();
  const timesTold = new Map<number, number>();
  const made: { toSeq: number; madeInTurnIndex: number }[] = [];
  let gaps = 0;

  const runTurn = (turnIndex: number, { replies, summaryFails }: Turn): boolean => {
    const lastSummary = made.at(-1) ?? null;
    const toSeq = lastSummary?.toSeq ?? 0;
    const unsummarised = stored.filter(({ seq, superseded }) => seq > toSeq && !superseded);
    const window = readNewest(unsummarised, windowBounds);
    const reachesBack = window.length === unsummarised.length;
    const fillRatio = window.reduce((sum, { tokens }) => sum + tokens, 0) / (windowBounds.characters / 4);
    const plan = planSummary({
      turnIndex,
      lastSummary,
      window,
      backlog: readOldest(unsummarised, backlogBounds),
      fillRatio,
      limits: { summaryRatio: 0.7, summaryEveryTurns: 8, keepRawTurns },
      summarizerBudgetTokens: budgetTokens,
    });
    if (!reachesBack) gaps += 1;

    const firstTurn = unsummarised[0]?.turnIndex ?? turnIndex;
    const isDue = fillRatio >= 0.7 || turnIndex - (lastSummary?.madeInTurnIndex ?? 1) >= 8 || !reachesBack;
    expect(plan !== null).toBe(isDue && firstTurn < turnIndex - keepRawTurns);
    if (plan !== null) {
      expect(plan.fromSeq).toBe(toSeq + 1);
      expect(stored.find(({ seq }) => seq === plan.toSeq + 1)?.turnIndex).toBe(plan.toTurnIndex + 1);
      expect(stored.find(({ seq }) => seq === plan.toSeq)?.turnIndex).toBe(plan.toTurnIndex);
      expect(plan.toTurnIndex).toBeLessThan(turnIndex - keepRawTurns);
      const tokens = plan.transcript.reduce((sum, message) => sum + message.tokens, 0);
      expect(tokens).toBeLessThanOrEqual(budgetTokens);
      if (plan.cutToBudget) expect(plan.toTurnIndex).toBe(firstTurn);
    }
    if (plan !== null && !summaryFails) {
      for (let seq = plan.fromSeq; seq <= plan.toSeq; seq += 1) {
        timesCovered.set(seq, (timesCovered.get(seq) ?? 0) + 1);
      }
      for (const { seq } of plan.transcript) timesTold.set(seq, (timesTold.get(seq) ?? 0) + 1);
      made.push({ toSeq: plan.toSeq, madeInTurnIndex: turnIndex });
    }
    const add = (characters: number, kind: Reply["kind"]) =>
      stored.push({
        seq: stored.length + 1,
        turnIndex,
        visibility: kind === "private" ? "private" : "shared",
        excluded: null,
        content: "x".repeat(characters),
        tokens: Math.ceil(characters / 4),
        superseded: kind === "superseded",
      });
    add(20, "shared");
    for (const { characters, kind } of replies) add(characters, kind);
    return reachesBack;
  };

  turns.forEach((turn, index) => {
    runTurn(index + 1, turn);
  });
  // Each message is covered by one summary or comes after the last one; a summary was sent each message that it covers.
  const end = made.at(-1)?.toSeq ?? 0;
  for (const { seq, visibility, superseded } of stored) {
    expect(timesCovered.get(seq) ?? 0).toBe(seq <= end ? 1 : 0);
    expect(timesTold.get(seq) ?? 0).toBe(seq <= end && visibility === "shared" && !superseded ? 1 : 0);
  }
  // Once summaries succeed again, and turns are short, every gap closes.
  const calm: Turn = { replies: [{ characters: 20, kind: "shared" }], summaryFails: false };
  let turnIndex = turns.length + 1;
  for (; !runTurn(turnIndex, calm); turnIndex += 1) expect(turnIndex).toBeLessThan(3 * turns.length);
  return gaps;
}

it("summarises a long session without losing or repeating a message; the ranges adjoin", () => {
  let gaps = 0;
  fc.assert(
    fc.property(session, (one) => {
      gaps += simulate(one);
    }),
    { numRuns: 60 },
  );
  // Else the simulation would prove nothing of gaps.
  expect(gaps).toBeGreaterThan(100);
}, 30_000);
