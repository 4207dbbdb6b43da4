import type { TurnContext } from "../../domain/context/turn-context.ts";
import {
  buildSummaryStructurePrompt,
  buildSummaryTextPrompt,
  emptyStructure,
  parseSummaryStructure,
  parseSummaryText,
} from "../../domain/summary/summary-contract.ts";
import type { NewSummary } from "../../domain/turn/turn-outcome.ts";
import type { NodeContext } from "../graph/node-context.ts";
import { callSummarizer, type OverheadRun, type SummarizerCall, startOverhead } from "./overhead-run.ts";

/** Both calls have short answers: 220 words, and four lists. */
const outputTokens = 1_024;

/** Starts the summary if one is due. After a failure session-state.ts decides when the next one is tried. */
export function startSummary(run: NodeContext): OverheadRun<NewSummary> {
  const { dueSummary, summary } = run.context;
  return startOverhead(run, dueSummary !== null, async (call) =>
    dueSummary === null ? null : makeSummary(call, dueSummary, summary?.text ?? null),
  );
}

/** Null: it was stopped. */
async function makeSummary(
  call: SummarizerCall,
  { transcript, fromSeq, toSeq }: NonNullable<TurnContext["dueSummary"]>,
  previous: string | null,
): Promise<NewSummary | "failed" | null> {
  const summaryText = await callSummarizer(call, {
    purpose: "summary_text",
    messages: buildSummaryTextPrompt(previous, transcript),
    outputTokens,
    parse: parseSummaryText,
  });
  if (summaryText === null) return call.signal.aborted ? null : "failed";
  // The structure is an extra: without it the text is stored with empty lists.
  const structure = await callSummarizer(call, {
    purpose: "summary_structure",
    messages: buildSummaryStructurePrompt(summaryText, transcript, previous),
    outputTokens,
    parse: parseSummaryStructure,
  });
  if (call.signal.aborted) return null;
  return { fromSeq, toSeq, summaryText, ...(structure ?? emptyStructure), usedFallback: structure === null };
}
