import { describe, expect, it } from "vitest";
import {
  minSummarizerBudgetTokens,
  planSummary,
  type SummaryPlanInput,
  type UnsummarisedMessage,
} from "../../../src/domain/summary/summary-plan.ts";

const message = (seq: number, turnIndex: number, rest: Partial<UnsummarisedMessage> = {}) => ({
  seq,
  turnIndex,
  visibility: "shared" as const,
  excluded: null,
  content: "x".repeat(100),
  tokens: 100,
  ...rest,
});

/** Turns `from` to `to` of two messages each, so that turn n holds the seqs 2n−1 and 2n. */
const turns = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index).flatMap((turn) => [
    message(2 * turn - 1, turn),
    message(2 * turn, turn),
  ]);

const plan = (rest: Partial<SummaryPlanInput<UnsummarisedMessage>>) =>
  planSummary({
    turnIndex: 9,
    lastSummary: null,
    window: turns(1, 8),
    backlog: [],
    fillRatio: 0,
    limits: { summaryRatio: 0.7, summaryEveryTurns: 8, keepRawTurns: 4 },
    summarizerBudgetTokens: 10_000,
    ...rest,
  });
const seqs = (result: ReturnType<typeof plan>) => result?.transcript.map(({ seq }) => seq);

describe("planSummary: when", () => {
  it("is due first in the ninth turn and covers all but the last four", () => {
    expect(plan({ turnIndex: 8, window: turns(1, 7) })).toBeNull();
    const due = plan({});
    expect(due).toMatchObject({ fromSeq: 1, toSeq: 8, toTurnIndex: 4, cutToBudget: false });
    expect(seqs(due)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("is due eight turns after the turn that made the last one", () => {
    const lastSummary = { toSeq: 8, madeInTurnIndex: 9 };
    expect(plan({ lastSummary, turnIndex: 16, window: turns(5, 15) })).toBeNull();
    expect(plan({ lastSummary, turnIndex: 17, window: turns(5, 16) })).toMatchObject({
      fromSeq: 9,
      toSeq: 24,
    });
  });

  it("is due when an agent's budget is filled to the ratio, if there is something to summarise", () => {
    expect(plan({ turnIndex: 6, window: turns(1, 5), fillRatio: 0.7 })).toMatchObject({ toSeq: 2 });
    expect(plan({ turnIndex: 6, window: turns(1, 5), fillRatio: 0.699 })).toBeNull();
    expect(plan({ turnIndex: 5, window: turns(1, 4), fillRatio: 2 })).toBeNull();
    expect(plan({ turnIndex: 1, window: [], fillRatio: 2 })).toBeNull();
  });

  it("is due when the window does not reach back to the last summary", () => {
    expect(plan({ turnIndex: 8, window: turns(5, 7), backlog: turns(1, 3) })).toMatchObject({ toSeq: 4 });
  });

  it("is never made by a summarizer that can read almost nothing", () => {
    expect(plan({ summarizerBudgetTokens: minSummarizerBudgetTokens - 1 })).toBeNull();
  });
});

describe("planSummary: what it covers", () => {
  it("takes the oldest turns that fit", () => {
    expect(plan({ summarizerBudgetTokens: 599 })).toMatchObject({ toSeq: 4, cutToBudget: false });
    expect(plan({ summarizerBudgetTokens: 600 })).toMatchObject({ toSeq: 6, cutToBudget: false });
  });

  it("takes a first turn that does not fit alone, with its long texts cut", () => {
    const long = message(2, 1, { content: "y".repeat(4_000), tokens: 1_000 });
    const window = [message(1, 1), long, ...turns(2, 8)];
    const due = plan({ window, summarizerBudgetTokens: 500 });
    expect(due).toMatchObject({ fromSeq: 1, toSeq: 2, toTurnIndex: 1, cutToBudget: true });
    expect(due?.transcript.map(({ tokens, content }) => [tokens, content.length])).toEqual([
      [100, 100],
      [400, 1_600],
    ]);
    expect(plan({ window, summarizerBudgetTokens: 1_100 })).toMatchObject({ toSeq: 2, cutToBudget: false });
  });

  it("covers private and hidden messages without their text", () => {
    // Turn 1: seq 2 is private, 4 is superseded and not read; turn 2 begins with 5.
    const window = [
      message(1, 1),
      message(2, 1, { visibility: "private" }),
      message(3, 1),
      ...[5, 6, 7, 8, 9].map((seq) => message(seq, seq - 3)),
    ];
    const due = plan({ turnIndex: 7, window, fillRatio: 1 });
    expect(due).toMatchObject({ fromSeq: 1, toSeq: 5, toTurnIndex: 2 });
    expect(seqs(due)).toEqual([1, 3, 5]);
    expect(plan({ turnIndex: 6, window: window.slice(0, -1), fillRatio: 1 })).toMatchObject({ toSeq: 4 });
  });

  it("covers a turn that is left out of prompts without its text", () => {
    const excluded = "model_refused" as const;
    const window = [message(1, 1, { excluded }), message(2, 1, { excluded }), ...turns(2, 8)];
    const due = plan({ window, fillRatio: 1 });
    expect(due).toMatchObject({ fromSeq: 1, toSeq: 8 });
    expect(seqs(due)).toEqual([3, 4, 5, 6, 7, 8]);
    const nothingElse = [message(1, 1, { excluded }), message(3, 2), message(5, 3)];
    const limits = { summaryRatio: 0.7, summaryEveryTurns: 8, keepRawTurns: 1 };
    expect(plan({ turnIndex: 4, window: nothingElse.slice(0, 2), limits, fillRatio: 1 })).toBeNull();
  });

  it("never covers the last stored turn, whatever number of turns is kept: a retry may still add to it", () => {
    const limits = { summaryRatio: 0.7, summaryEveryTurns: 8, keepRawTurns: 0 };
    expect(plan({ limits })).toMatchObject({ toSeq: 14, toTurnIndex: 7 });
    // A retry of turn 9, whose own messages were read.
    expect(plan({ limits, window: turns(1, 10) })).toMatchObject({ toSeq: 14, toTurnIndex: 7 });
  });
});

describe("planSummary: two blocks", () => {
  const lastSummary = { toSeq: 4, madeInTurnIndex: 9 };
  const late = { turnIndex: 51, lastSummary, window: turns(30, 50) };

  it("covers the backlog up to its last turn, whose end is not known", () => {
    const due = plan({ ...late, backlog: [...turns(3, 8), message(17, 9)] });
    expect(due).toMatchObject({ fromSeq: 5, toSeq: 16, toTurnIndex: 8 });
    expect(seqs(due)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  });

  it("never covers the gap, even where turns seem to follow each other", () => {
    // What is missing is the second message of turn 29.
    expect(plan({ ...late, backlog: [...turns(3, 28), message(57, 29)] })).toMatchObject({ toSeq: 56 });
  });

  it("joins blocks that overlap or touch, with each message once", () => {
    for (const backlog of [turns(3, 31), turns(3, 29)]) {
      const due = plan({ ...late, backlog });
      expect(due).toMatchObject({ fromSeq: 5, toSeq: 92, toTurnIndex: 46 });
      expect(seqs(due)).toEqual(turns(3, 46).map(({ seq }) => seq));
    }
  });

  it("summarises nothing where the oldest messages are missing", () => {
    expect(plan({ ...late, backlog: [] })).toBeNull();
    expect(plan({ ...late, backlog: turns(4, 9) })).toBeNull();
    expect(plan({ ...late, backlog: turns(3, 3) })).toBeNull();
  });
});
