import type { CatalogModel } from "../../domain/catalog.ts";
import type { PromptMessage } from "../../domain/context/prompt.ts";
import {
  buildSummaryStructurePrompt,
  buildSummaryTextPrompt,
  emptyStructure,
  parseSummaryStructure,
  parseSummaryText,
} from "../../domain/summary/summary-contract.ts";
import type { NewSummary, OverheadCall } from "../../domain/turn/turn-outcome.ts";
import type { NodeContext } from "../graph/node-context.ts";
import { plainCall } from "../model/model-port.ts";
import { toOverheadCalls } from "./call-records.ts";
import { requireWhole } from "./whole-answer.ts";

export type SummaryResult = { summary: NewSummary | null; hasFailed: boolean; overhead: OverheadCall[] };

export type SummaryRun = {
  /** Waits at most `graceMs` for a summary that is still being made, then drops it. A dropped summary has not failed. */
  settle(graceMs: number): Promise<SummaryResult>;
  /** Aborts what is still in flight. */
  stop(): void;
};

/** Both calls have short answers: 220 words, and four lists. */
const summaryOutputTokens = 1_024;

/**
 * Starts the summary if one is due. It runs at the same time as the agents and outside the graph, in which a superstep
 * waits for all its nodes. Its failure never fails the turn. session-state.ts decides when the next one is tried.
 */
export function startSummary(run: NodeContext): SummaryRun {
  const overhead: OverheadCall[] = [];
  const stopped = new AbortController();
  const inFlight = makeSummary(run, AbortSignal.any([run.signal, stopped.signal]), overhead);
  return {
    async settle(graceMs) {
      const grace = Promise.withResolvers<null>();
      const timer = setTimeout(() => grace.resolve(null), graceMs);
      const summary = await Promise.race([inFlight, grace.promise]);
      clearTimeout(timer);
      if (summary === "failed") return { summary: null, hasFailed: true, overhead };
      if (summary === null) {
        // The abort ends the call in flight, so that its tokens reach the overhead.
        stopped.abort({ code: "deadline", message: "The turn did not wait for its summary." });
        await inFlight;
      }
      return { summary, hasFailed: false, overhead };
    },
    stop: () => stopped.abort({ code: "deadline", message: "The turn is over." }),
  };
}

/** Null: no summary is due, or it was stopped. */
async function makeSummary(
  run: NodeContext,
  signal: AbortSignal,
  overhead: OverheadCall[],
): Promise<NewSummary | "failed" | null> {
  const { ports, context } = run;
  const due = context.dueSummary;
  const model = ports.catalog.models.get(ports.summarizerModelAlias);
  if (due === null || model === undefined || !run.payment.paysForSummary) return null;
  const call = { ports, model, signal, overhead };
  const previous = context.summary?.text ?? null;
  const { transcript, fromSeq, toSeq } = due;
  const textPrompt = buildSummaryTextPrompt(previous, transcript);
  const summaryText = await callSummarizer(call, "summary_text", textPrompt, parseSummaryText);
  if (summaryText === null) return signal.aborted ? null : "failed";
  // The structure is an extra: without it the text is stored with empty lists.
  const structurePrompt = buildSummaryStructurePrompt(summaryText, transcript, previous);
  const structure = await callSummarizer(call, "summary_structure", structurePrompt, parseSummaryStructure);
  if (signal.aborted) return null;
  return { fromSeq, toSeq, summaryText, ...(structure ?? emptyStructure), usedFallback: structure === null };
}

type SummarizerCall = Pick<NodeContext, "ports" | "signal"> & {
  model: CatalogModel;
  overhead: OverheadCall[];
};

/** Adds what the call cost to `overhead`. Null: the call failed, or its answer cannot be parsed. */
async function callSummarizer<Parsed>(
  { ports, model, signal, overhead }: SummarizerCall,
  purpose: OverheadCall["purpose"],
  messages: PromptMessage[],
  parse: (text: string) => Parsed | null,
): Promise<Parsed | null> {
  const maxOutputTokens = Math.min(summaryOutputTokens, ports.limits.maxOutputTokens);
  const answer = requireWhole(
    await ports.callModel({ ...plainCall, model, messages, maxOutputTokens, signal }),
  );
  overhead.push(...toOverheadCalls({ purpose, holder: ports.holder }, model, answer));
  const parsed = answer.ok ? parse(answer.text) : null;
  if (parsed === null) {
    ports.log.warn("summary_failed", { purpose, code: answer.ok ? "no_contract" : answer.failure.code });
  }
  return parsed;
}
