import type { Catalog } from "../catalog.ts";
import { mayUse } from "../permissions.ts";
import type { RoomMode } from "../plan/modes.ts";
import type { RosterAgent } from "../plan/roster-agent.ts";
import { type ContextBudget, type ContextLimits, planAgentBudget } from "./context-budget.ts";
import { type FitContextInput, type FittedContext, fitContext, type WindowMessage } from "./context-fit.ts";
import { type ShownFiles, showFileCards } from "./file-cards.ts";
import {
  buildPrompt,
  type PromptInput,
  type PromptMessage,
  type PromptTask,
  type SameTurnAnswer,
  wholeText,
} from "./prompt.ts";
import { type DroppedRange, toDroppedRanges, toSeqRanges } from "./seq-ranges.ts";
import { defaultTokenScale } from "./token-scale.ts";
import type { MeasuredMessage, TurnContext } from "./turn-context.ts";

/** One agent's prompt and how it came to fit. All token figures are estimates, scaled to its model. */
export type AgentContext = {
  agentKey: string;
  budget: ContextBudget;
  tokenScale: number;
  messages: PromptMessage[];
  summaryId: string | null;
  /** Files of the room with and without a card in the prompt. Null: there are none, or the agent may not read them. */
  files: { listed: number; notListed: number } | null;
  /** Ranges of `seq`, each `[from, to]`. */
  included: [number, number][];
  dropped: DroppedRange[];
  estimatedTokensBefore: number;
  /** As it will be once the summary that is due replaces its range. */
  estimatedTokensAfterSummary: number;
  estimatedTokensAfterPrune: number;
  pruneTriggered: boolean;
  overflow: boolean;
  /** Estimated tokens, unscaled, that results of tools may still add to the prompt. */
  roomTokens: number;
};

export type FitInput = {
  agent: RosterAgent;
  task: PromptTask;
  mode: RoomMode;
  context: TurnContext;
  sameTurnAnswers: readonly SameTurnAnswer[];
  /** Answers that asked for tools in this turn, and the results of the tools. */
  toolMessages: readonly PromptMessage[];
  triggerResult: string | null;
  catalog: Catalog;
  limits: ContextLimits;
  /** Estimated tokens of a text, unscaled. */
  estimateTokens: (text: string) => number;
};

/** Roles, separators and name marks that a provider counts with each message. */
const tokensPerMessage = 6;

/** Fits one agent's context into its model's budget and builds its prompt. Pure. */
export function fitAgentContext(input: FitInput): AgentContext {
  const { agent, task, mode, context, sameTurnAnswers, toolMessages, triggerResult, limits } = input;
  const budget = planAgentBudget(agent, input.catalog, limits.maxOutputTokens);
  const tokenScale = context.tokenScales.get(agent.modelAlias) ?? defaultTokenScale;
  const scaled = (rawTokens: number) => Math.ceil((rawTokens + tokensPerMessage) * tokenScale);
  const visible = context.history.filter((message) => isVisibleTo(agent.agentKey, message));
  const measured = visible.map((message) => ({ ...message, tokens: scaled(message.rawTokens) }));
  const parts = { ...context, agent, task, mode, triggerResult, sameTurnAnswers };
  const summaryText = context.summary?.text ?? null;
  const window = {
    budget,
    pruneRatio: limits.pruneRatio,
    keepRawTurns: limits.keepRawTurns,
    summaryTokens: summaryText === null ? 0 : scaled(input.estimateTokens(summaryText)),
    history: measured,
  };
  const { fitted, files } = fitWithFiles(input, window, { parts, scaled, tokenScale });
  const filesText = files?.text ?? null;
  const included = new Set(fitted.includedIds);
  const history = visible.filter(({ id }) => included.has(id));
  const seqs = new Map(visible.map(({ id, seq }) => [id, seq]));
  return {
    agentKey: agent.agentKey,
    budget,
    tokenScale,
    messages: [...buildPrompt({ ...parts, filesText, summaryText, history }), ...toolMessages],
    summaryId: context.summary?.id ?? null,
    files: files === null ? null : { listed: files.listed, notListed: files.notListed },
    included: toSeqRanges(history.map(({ seq }) => seq)),
    dropped: toDroppedRanges([
      ...listExcluded(context.history),
      ...fitted.dropped.map(({ id, reason }) => ({ seq: seqs.get(id) ?? 0, reason })),
    ]),
    estimatedTokensBefore: fitted.estimatedTokensBefore,
    estimatedTokensAfterSummary: fitted.estimatedTokensBefore - sumSummarised(context, measured),
    estimatedTokensAfterPrune: fitted.estimatedTokensAfterPrune,
    pruneTriggered: fitted.pruneTriggered,
    overflow: fitted.overflow,
    roomTokens: Math.max(0, Math.floor((budget.inputBudget - fitted.minTokens) / tokenScale)),
  };
}

/** Tokens of the messages that the due summary will replace. */
function sumSummarised({ dueSummary }: TurnContext, measured: readonly WindowMessage[]): number {
  const toSeq = dueSummary?.toSeq ?? 0;
  return measured.reduce((sum, { seq, tokens }) => (seq > toSeq ? sum : sum + tokens), 0);
}

type Scale = {
  parts: Omit<PromptInput, "filesText" | "summaryText" | "history">;
  scaled: (rawTokens: number) => number;
  tokenScale: number;
};

/** Fits the conversation beside what cannot be left out, and beside the cards of files that have room then. */
function fitWithFiles(
  input: FitInput,
  window: Omit<FitContextInput, "fixedTokens">,
  { parts, scaled, tokenScale }: Scale,
): { fitted: FittedContext; files: ShownFiles | null } {
  const fixed = [
    ...buildPrompt({ ...parts, filesText: null, summaryText: null, history: [] }),
    ...input.toolMessages,
  ];
  const fixedTokens = fixed.reduce(
    (sum, message) => sum + scaled(input.estimateTokens(wholeText(message))),
    0,
  );
  const files = showFiles(input, { ...window, fixedTokens }, tokenScale);
  const filesTokens = files === null || files.text === null ? 0 : scaled(input.estimateTokens(files.text));
  return { fitted: fitContext({ ...window, fixedTokens: fixedTokens + filesTokens }), files };
}

/** Share of the input budget that cards of files may take. */
const fileCardShare = 0.25;

/** Cards never crowd out what must be sent: they take what is left. */
function showFiles(
  { agent, context, estimateTokens }: FitInput,
  withoutFiles: FitContextInput,
  tokenScale: number,
): ShownFiles | null {
  if (!mayUse(agent.toolPermissions, "file_read") || context.files.total === 0) return null;
  const { inputBudget } = withoutFiles.budget;
  const left = inputBudget - fitContext(withoutFiles).minTokens;
  const maxTokens = Math.min(left, inputBudget * fileCardShare) / tokenScale - tokensPerMessage;
  return showFileCards(context.files, maxTokens, estimateTokens);
}

function isVisibleTo(agentKey: string, message: MeasuredMessage): boolean {
  return message.excluded === null && (message.visibility === "shared" || message.agentKey === agentKey);
}

/** The audit's entries for turns that are left out of every prompt. */
function listExcluded(history: readonly MeasuredMessage[]): { seq: number; reason: string }[] {
  return history.flatMap(({ seq, excluded }) =>
    excluded === null ? [] : [{ seq, reason: `excluded_${excluded}` }],
  );
}
