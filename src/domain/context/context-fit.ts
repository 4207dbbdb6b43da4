import type { ContextBudget } from "./context-budget.ts";

/** A message of the raw window. `tokens` are estimates, scaled to the agent's model. */
export type WindowMessage = {
  id: string;
  seq: number;
  turnIndex: number;
  role: "user" | "assistant" | "tool";
  tokens: number;
};

export type FitContextInput = {
  budget: ContextBudget;
  /** Share of the input budget at which messages are left out. */
  pruneRatio: number;
  /** The newest turns whose user messages always stay. */
  keepRawTurns: number;
  /** Tokens that cannot be left out: role, roster, the current message, the same turn's answers. */
  fixedTokens: number;
  /** Tokens of the latest summary. 0: there is none. */
  summaryTokens: number;
  /** The raw window, oldest first, without the turn that is being answered. */
  history: readonly WindowMessage[];
};

export type DropReason = "pruned_reply" | "pruned_user_message";

export type FittedContext = {
  /** Messages that stay, oldest first. */
  includedIds: string[];
  /** Messages that are left out, in the order in which they were dropped. Oldest first within one reason. */
  dropped: { id: string; reason: DropReason }[];
  estimatedTokensBefore: number;
  estimatedTokensAfterPrune: number;
  /** What stays when all is left out that may be. */
  minTokens: number;
  /** Whether the ratio was reached. There may have been nothing to leave out. */
  pruneTriggered: boolean;
  /** Whether the rest is still more than the input budget. */
  overflow: boolean;
};

/**
 * Fits a conversation into a budget. From `pruneRatio · inputBudget` on, the oldest replies are dropped first, then the
 * oldest user messages except those of the last `keepRawTurns` turns, until the total is below that ratio.
 */
export function fitContext(input: FitContextInput): FittedContext {
  const { budget, history } = input;
  const pruneAtTokens = input.pruneRatio * budget.inputBudget;
  const historyTokens = history.reduce((sum, { tokens }) => sum + tokens, 0);
  const estimatedTokensBefore = input.fixedTokens + input.summaryTokens + historyTokens;
  let tokens = estimatedTokensBefore;
  const dropped = new Map<string, DropReason>();
  const candidates = listCandidates(input);
  for (const candidate of candidates) {
    if (tokens < pruneAtTokens) break;
    tokens -= candidate.tokens;
    dropped.set(candidate.id, candidate.reason);
  }
  return {
    includedIds: history.flatMap(({ id }) => (dropped.has(id) ? [] : [id])),
    dropped: [...dropped].map(([id, reason]) => ({ id, reason })),
    estimatedTokensBefore,
    estimatedTokensAfterPrune: tokens,
    minTokens: candidates.reduce((sum, candidate) => sum - candidate.tokens, estimatedTokensBefore),
    pruneTriggered: estimatedTokensBefore >= pruneAtTokens,
    overflow: tokens > budget.inputBudget,
  };
}

type Candidate = { id: string; tokens: number; reason: DropReason };

function listCandidates({ history, keepRawTurns }: FitContextInput): Candidate[] {
  // Turn indexes have no gaps, so the last turns follow from the newest index.
  const lastUnprotected = (history.at(-1)?.turnIndex ?? 0) - keepRawTurns;
  const candidates = (reason: DropReason, isCandidate: (message: WindowMessage) => boolean) =>
    history.filter(isCandidate).map(({ id, tokens }) => ({ id, tokens, reason }));
  return [
    ...candidates("pruned_reply", ({ role }) => role !== "user"),
    ...candidates(
      "pruned_user_message",
      ({ role, turnIndex }) => role === "user" && turnIndex <= lastUnprotected,
    ),
  ];
}
