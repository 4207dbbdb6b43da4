import type { PromptMessage } from "../../domain/context/prompt.ts";
import {
  buildSummaryStructurePrompt,
  buildSummaryTextPrompt,
  parseSummaryStructure,
  parseSummaryText,
} from "../../domain/summary/summary-contract.ts";
import type { NewSummary, OverheadCall } from "../../domain/turn/turn-outcome.ts";
import type { AgentRun } from "../graph/agent-run.ts";
import { type ModelAnswer, plainCall } from "../model/model-port.ts";
import { toOverheadCalls } from "./call-records.ts";
import { requireWhole } from "./whole-answer.ts";

export type SummaryRun = {
  /** Waits at most `graceMs` for a summary still being made, then drops it. */
  settle(graceMs: number): Promise<{ made: NewSummary | null; overhead: OverheadCall[] }>;
  /** Aborts what is still in flight. */
  stop(): void;
};

/** Both stages are short: 220 words, and four lists. */
const summaryOutputTokens = 1_024;

/**
 * Starts the summary that is due, if one is, beside the agents and outside the graph (whose steps are
 * barriers). Its failure never fails the turn; the next turn tries again.
 */
export function startSummary(run: AgentRun): SummaryRun {
  const overhead: OverheadCall[] = [];
  const stopped = new AbortController();
  const making = makeSummary(run, AbortSignal.any([run.signal, stopped.signal]), overhead);
  return {
    async settle(graceMs) {
      const grace = Promise.withResolvers<null>();
      const timer = setTimeout(() => grace.resolve(null), graceMs);
      const made = await Promise.race([making, grace.promise]);
      clearTimeout(timer);
      if (made === null) {
        // The abort ends the call in flight, so that its tokens reach the overhead.
        stopped.abort({ code: "deadline", message: "The turn did not wait for its summary." });
        await making;
      }
      return { made, overhead };
    },
    stop: () => stopped.abort({ code: "deadline", message: "The turn is over." }),
  };
}

async function makeSummary(
  run: AgentRun,
  signal: AbortSignal,
  overhead: OverheadCall[],
): Promise<NewSummary | null> {
  const { ports, context } = run;
  const due = context.dueSummary;
  const model = ports.catalog.models.get(ports.summarizerModelAlias);
  if (due === null || model === undefined) return null;
  const ask = async (purpose: OverheadCall["purpose"], messages: PromptMessage[]): Promise<ModelAnswer> => {
    const maxOutputTokens = Math.min(summaryOutputTokens, ports.limits.maxOutputTokens);
    const answer = requireWhole(
      await ports.callModel({ ...plainCall, model, messages, maxOutputTokens, signal }),
    );
    overhead.push(...toOverheadCalls({ purpose, holder: ports.holder }, model, answer));
    if (!answer.ok) ports.log.warn("summary_failed", { purpose, code: answer.failure.code });
    return answer;
  };
  const previous = context.summary?.text ?? null;
  const { transcript } = due;
  const first = await ask("summary_text", buildSummaryTextPrompt(previous, transcript));
  const parsed = first.ok ? parseSummaryText(first.text) : null;
  if (parsed === null) return null;
  const second = await ask(
    "summary_structure",
    buildSummaryStructurePrompt(parsed.summaryText, transcript, previous),
  );
  // The structure is an extra: without it the text still stands, with empty lists.
  const structure = parseSummaryStructure(second.ok ? second.text : "");
  if (signal.aborted) return null;
  return { fromSeq: due.fromSeq, toSeq: due.toSeq, ...parsed, ...structure };
}
