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

export type SettledSummary = { made: NewSummary | null; hasFailed: boolean; overhead: OverheadCall[] };

export type SummaryRun = {
  /** Waits at most `graceMs` for a summary still being made, then drops it: that is no failure. */
  settle(graceMs: number): Promise<SettledSummary>;
  /** Aborts what is still in flight. */
  stop(): void;
};

/** Both stages are short: 220 words, and four lists. */
const summaryOutputTokens = 1_024;

/**
 * Starts the summary that is due, if one is, beside the agents and outside the graph (whose steps are
 * barriers). Its failure never fails the turn; when the next one is tried, session-state.ts says.
 */
export function startSummary(run: NodeContext): SummaryRun {
  const overhead: OverheadCall[] = [];
  const stopped = new AbortController();
  const making = makeSummary(run, AbortSignal.any([run.signal, stopped.signal]), overhead);
  return {
    async settle(graceMs) {
      const grace = Promise.withResolvers<null>();
      const timer = setTimeout(() => grace.resolve(null), graceMs);
      const made = await Promise.race([making, grace.promise]);
      clearTimeout(timer);
      if (made === "failed") return { made: null, hasFailed: true, overhead };
      if (made === null) {
        // The abort ends the call in flight, so that its tokens reach the overhead.
        stopped.abort({ code: "deadline", message: "The turn did not wait for its summary." });
        await making;
      }
      return { made, hasFailed: false, overhead };
    },
    stop: () => stopped.abort({ code: "deadline", message: "The turn is over." }),
  };
}

async function makeSummary(
  run: NodeContext,
  signal: AbortSignal,
  overhead: OverheadCall[],
): Promise<NewSummary | "failed" | null> {
  const { ports, context } = run;
  const due = context.dueSummary;
  const model = ports.catalog.models.get(ports.summarizerModelAlias);
  if (due === null || model === undefined) return null;
  const fail = (purpose: OverheadCall["purpose"], code: string) =>
    ports.log.warn("summary_failed", { purpose, code });
  const ask = async <Read>(
    purpose: OverheadCall["purpose"],
    messages: PromptMessage[],
    parse: (text: string) => Read | null,
  ): Promise<Read | null> => {
    const maxOutputTokens = Math.min(summaryOutputTokens, ports.limits.maxOutputTokens);
    const answer = requireWhole(
      await ports.callModel({ ...plainCall, model, messages, maxOutputTokens, signal }),
    );
    overhead.push(...toOverheadCalls({ purpose, holder: ports.holder }, model, answer));
    const read = answer.ok ? parse(answer.text) : null;
    if (read === null) fail(purpose, answer.ok ? "no_contract" : answer.failure.code);
    return read;
  };
  const previous = context.summary?.text ?? null;
  const { transcript, fromSeq, toSeq } = due;
  const summaryText = await ask(
    "summary_text",
    buildSummaryTextPrompt(previous, transcript),
    parseSummaryText,
  );
  if (summaryText === null) return signal.aborted ? null : "failed";
  // The structure is an extra: without it the text still stands, with empty lists.
  const structure = await ask(
    "summary_structure",
    buildSummaryStructurePrompt(summaryText, transcript, previous),
    parseSummaryStructure,
  );
  if (signal.aborted) return null;
  return { fromSeq, toSeq, summaryText, ...(structure ?? emptyStructure), usedFallback: structure === null };
}
