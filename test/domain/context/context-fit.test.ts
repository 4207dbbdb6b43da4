import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planContextBudget } from "../../../src/domain/context/context-budget.ts";
import {
  type FitContextInput,
  fitContext,
  type WindowMessage,
} from "../../../src/domain/context/context-fit.ts";

const budgetOf = (inputBudget: number) => ({ ...planContextBudget(8_192, 2_048), inputBudget });

/** Turns of one user message and some replies, as `u1`, `a1.1`, …; every message of so many tokens. */
function conversation(turns: number, replies: number, tokens: number): WindowMessage[] {
  const messages = Array.from({ length: turns }, (_, turn) =>
    Array.from({ length: replies + 1 }, (_, place) => ({
      id: place === 0 ? `u${turn + 1}` : `a${turn + 1}.${place}`,
      turnIndex: turn + 1,
      role: place === 0 ? ("user" as const) : ("assistant" as const),
      tokens,
    })),
  ).flat();
  return messages.map((message, index) => ({ ...message, seq: index + 1 }));
}

const input = (rest: Partial<FitContextInput>): FitContextInput => ({
  budget: budgetOf(1_000),
  pruneRatio: 0.9,
  keepRawTurns: 4,
  fixedTokens: 100,
  summaryTokens: 0,
  history: [],
  ...rest,
});

describe("fitContext", () => {
  it("leaves nothing out below the ratio", () => {
    const history = conversation(5, 1, 79);
    expect(fitContext(input({ history }))).toEqual({
      includedIds: history.map(({ id }) => id),
      dropped: [],
      estimatedTokensBefore: 890,
      estimatedTokensAfterPrune: 890,
      minTokens: 416,
      pruneTriggered: false,
      overflow: false,
    });
  });

  it("prunes from exactly the ratio, and counts the summary", () => {
    const fitted = fitContext(input({ history: conversation(5, 1, 79), summaryTokens: 10 }));
    expect(fitted.pruneTriggered).toBe(true);
    expect(fitted.dropped).toEqual([{ id: "a1.1", reason: "pruned_reply" }]);
    expect(fitted.estimatedTokensAfterPrune).toBe(821);
  });

  it("drops all replies, also tool traces and recent ones, before the first user message", () => {
    const history = conversation(6, 1, 150).map((message) =>
      message.id === "a2.1" ? { ...message, role: "tool" as const } : message,
    );
    const { dropped, includedIds, overflow } = fitContext(input({ history }));
    expect(dropped.map(({ id }) => id)).toEqual(["a1.1", "a2.1", "a3.1", "a4.1", "a5.1", "a6.1", "u1"]);
    expect(dropped.at(-1)?.reason).toBe("pruned_user_message");
    expect(includedIds).toEqual(["u2", "u3", "u4", "u5", "u6"]);
    expect(overflow).toBe(false);
  });

  it("keeps the user messages of the last turns even where they overflow", () => {
    const fitted = fitContext(input({ history: conversation(6, 1, 300) }));
    expect(fitted.includedIds).toEqual(["u3", "u4", "u5", "u6"]);
    expect(fitted.estimatedTokensAfterPrune).toBe(1_300);
    expect(fitted.overflow).toBe(true);
  });

  it("does not overflow at exactly the budget", () => {
    expect(fitContext(input({ fixedTokens: 1_000 }))).toMatchObject({
      pruneTriggered: true,
      overflow: false,
    });
    expect(fitContext(input({ fixedTokens: 1_001 })).overflow).toBe(true);
  });
});

const role = fc.constantFrom("user" as const, "assistant" as const, "tool" as const);
const turn = fc.array(fc.record({ role, tokens: fc.integer({ min: 0, max: 400 }) }), { maxLength: 5 });
const anyInput: fc.Arbitrary<FitContextInput> = fc
  .record({
    turns: fc.array(turn, { maxLength: 12 }),
    inputBudget: fc.integer({ min: 0, max: 4_000 }),
    fixedTokens: fc.integer({ min: 0, max: 1_000 }),
    summaryTokens: fc.integer({ min: 0, max: 300 }),
    keepRawTurns: fc.integer({ min: 0, max: 6 }),
    pruneRatio: fc.constantFrom(0.5, 0.9, 1),
  })
  .map(({ turns, inputBudget, ...rest }) => ({
    ...rest,
    budget: budgetOf(inputBudget),
    history: turns
      .flatMap((messages, index) =>
        [{ role: "user" as const, tokens: 20 }, ...messages].map((message) => ({
          ...message,
          turnIndex: index + 7,
        })),
      )
      .map((message, index) => ({ ...message, id: `m${index}`, seq: index + 100 })),
  }));

describe("fitContext, for any input", () => {
  const pruneAt = ({ pruneRatio, budget }: FitContextInput) => pruneRatio * budget.inputBudget;
  const isProtected = ({ history, keepRawTurns }: FitContextInput, id: string) => {
    const recent = [...new Set(history.map(({ turnIndex }) => turnIndex))].slice(-keepRawTurns || Infinity);
    return history.some((one) => one.id === id && one.role === "user" && recent.includes(one.turnIndex));
  };
  const check = (property: (input: FitContextInput) => void) =>
    fc.assert(fc.property(anyInput, property), { numRuns: 1_000 });

  it("divides the messages into kept and dropped, in order, and the sums agree", () =>
    check((input) => {
      const fitted = fitContext(input);
      const dropped = new Map(fitted.dropped.map(({ id, reason }) => [id, reason]));
      expect(dropped.size).toBe(fitted.dropped.length);
      expect(input.history.map(({ id }) => id).filter((id) => !dropped.has(id))).toEqual(fitted.includedIds);
      expect(fitted.includedIds.length + dropped.size).toBe(input.history.length);
      const left = input.history.filter(({ id }) => !dropped.has(id));
      expect(fitted.estimatedTokensAfterPrune).toBe(
        left.reduce((sum, { tokens }) => sum + tokens, input.fixedTokens + input.summaryTokens),
      );
      expect(fitted.overflow).toBe(fitted.estimatedTokensAfterPrune > input.budget.inputBudget);
      expect(fitContext(structuredClone(input))).toEqual(fitted);
    }));

  it("drops nothing that is protected, and nothing below the ratio", () =>
    check((input) => {
      const { dropped, pruneTriggered, estimatedTokensBefore } = fitContext(input);
      expect(dropped.filter(({ id }) => isProtected(input, id))).toEqual([]);
      expect(pruneTriggered).toBe(estimatedTokensBefore >= pruneAt(input));
      if (!pruneTriggered) expect(dropped).toEqual([]);
    }));

  it("drops as few messages as possible, and enough where it can", () =>
    check((input) => {
      const { dropped, includedIds, estimatedTokensAfterPrune } = fitContext(input);
      const last = input.history.find(({ id }) => id === dropped.at(-1)?.id);
      if (last) expect(estimatedTokensAfterPrune + last.tokens).toBeGreaterThanOrEqual(pruneAt(input));
      if (estimatedTokensAfterPrune >= pruneAt(input)) {
        expect(includedIds.filter((id) => !isProtected(input, id))).toEqual([]);
      }
    }));

  it("drops replies before user messages, and the oldest first", () =>
    check((input) => {
      const { dropped, includedIds } = fitContext(input);
      const byId = new Map(input.history.map((message) => [message.id, message]));
      const isReply = (id: string) => byId.get(id)?.role !== "user";
      for (const { id, reason } of dropped) expect(reason === "pruned_reply").toBe(isReply(id));
      if (dropped.some(({ reason }) => reason === "pruned_user_message")) {
        expect(includedIds.filter(isReply)).toEqual([]);
      }
      for (const kind of ["pruned_reply", "pruned_user_message"] as const) {
        const seqs = dropped.filter(({ reason }) => reason === kind).map(({ id }) => byId.get(id)?.seq ?? 0);
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
        const kept = includedIds.filter((id) => isReply(id) === (kind === "pruned_reply"));
        const oldestKept = kept.map((id) => byId.get(id)?.seq ?? 0)[0] ?? Number.POSITIVE_INFINITY;
        if (seqs.length > 0) expect(seqs.at(-1)).toBeLessThan(oldestKept);
      }
    }));
});
