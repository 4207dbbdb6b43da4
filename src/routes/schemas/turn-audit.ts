import * as z from "zod";
import type { AuditRow } from "../../db/turn/stored-turn.ts";
import type { FileAudit } from "../../domain/files/file-audit.ts";
import { stepIdOf } from "../../domain/plan/step.ts";
import { roundsEnds } from "../../domain/plan/taken-steps.ts";
import type { RoutingDecision } from "../../domain/routing/routing-decision.ts";
import { type OrchestrationRecord, synthesisResults } from "../../domain/turn/orchestration-record.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { id } from "../../http/schemas.ts";
import { stepId } from "./message.ts";
import { overheadCall, toOverheadCall } from "./model-calls.ts";

const routing = lazily(() =>
  z
    .object({
      selected_keys: z.array(z.string()).describe("Who answers, in this order"),
      rule: z.string().describe("How the answer was applied, like `selected` or `fallback_first_position`"),
      verdict: z.string().describe("What was wrong with the answer; `ok`: nothing"),
      raw: z.string().nullable().describe("The manager's answer, at most 2 KiB; null: there is none"),
    })
    .meta({ id: "RoutingDecision", description: "What the manager decided in one round" }),
);

const orchestration = lazily(() =>
  z.object({
    max_rounds: z.int().describe("The room's setting at that time"),
    synthesis: z.string().describe("The room's setting at that time"),
    synthesis_result: z.enum(synthesisResults).describe("What came of the synthesis"),
    decisions: z.array(routing).meta({ description: "What the manager decided, round by round" }),
    rounds_ended_by: z
      .enum([...roundsEnds, "unfinished"])
      .nullable()
      .describe("Why there was no further round; null: the run has no manager"),
  }),
);

/** The document calls it a list of two: few generators of clients know tuples. */
const seqRange = z.tuple([z.int(), z.int()]).meta({
  type: "array",
  items: { type: "integer" },
  minItems: 2,
  maxItems: 2,
  description: "From and to, both included",
});

const dropped = lazily(() =>
  z.object({
    from: z.int().describe("`seq` of the first message"),
    to: z.int().describe("`seq` of the last message"),
    reason: z.string().describe("Why the prompt leaves them out"),
  }),
);

const attachedPart = lazily(() =>
  z.object({
    file_id: z.string().describe("The file's id; the words of the message where the room has no such file"),
    pages: z.array(z.int()).describe("Its pages in the prompt"),
    left_out: z
      .string()
      .nullable()
      .describe(
        "Why its text was not in the prompt: `too_long`, or the code of the tool's error; null: it was",
      ),
  }),
);

const files = lazily(() =>
  z
    .object({
      listed: z.int().describe("Files with a card in the prompt"),
      not_listed: z.int().describe("Files without one"),
      attached: z.array(attachedPart).describe("The files that the message attaches"),
    })
    .meta({ id: "FileAudit", description: "What a prompt had of the room's files, and what not" }),
);

export const audit = lazily(() =>
  z
    .object({
      run_id: id.describe("The run: the turn's first run, or a retry"),
      step: stepId,
      agent_key: z.string().describe("Who was sent the prompt"),
      model_alias: z.string().describe("The model that it was sent to"),
      model_alias_marker: z.string().describe("The turn's `model_alias_used` after this run"),
      model_context_limit: z.int().describe("Tokens of the model's window"),
      input_budget: z.int().describe("Tokens that the prompt may have: the window without the two reserves"),
      output_reserve: z.int().describe("Tokens that are kept for the answer"),
      overhead_reserve: z.int().describe("Tokens that are kept for what cannot be counted exactly"),
      estimated_tokens_before: z.int().describe("Of a prompt with the whole conversation"),
      estimated_tokens_after_summary: z
        .int()
        .describe("With the latest summary in the place of what it covers"),
      estimated_tokens_after_prune: z.int().describe("Of the prompt that was sent"),
      token_scale: z.string().describe("The factor by which estimates were corrected, a decimal"),
      counted_input_tokens: z.int().nullable().describe("The provider's own count; null: it gave none"),
      summary_id: id.nullable().describe("The summary in the prompt; null: there is none"),
      included: z.array(seqRange).describe("Which messages the prompt has, as ranges of `seq`"),
      dropped: z.array(dropped).describe("Which messages it leaves out, as ranges of `seq`"),
      unknown_tags: z.array(z.string()).describe("Tags of the message that name no agent of the room"),
      files: files
        .nullable()
        .describe("What the prompt had of the room's files; null: nothing, or its agent may not read them"),
      routing: routing.nullable().meta({ description: "The manager's first decision" }),
      orchestration: orchestration.nullable().meta({
        description:
          "In the row of a run's first step; null elsewhere, and where it was stored before rounds were",
      }),
      overhead_calls: z
        .array(overheadCall)
        .describe("In the row of a run's first step: calls for routing and summaries, which are not billed"),
      skipped_budget: z.boolean().meta({
        description:
          "The step was not asked, or not asked again, because the turn had no credits left for it",
      }),
      checkpoint_degraded: z.boolean().meta({
        description: "A checkpoint of the run was stored late, in part, or not at all; the turn went on",
      }),
    })
    .meta({ id: "ContextAudit", description: "What one step was sent, and why" }),
);

export function toAudit(row: AuditRow): z.input<typeof audit> {
  return {
    run_id: row.runId,
    step: stepIdOf(row),
    agent_key: row.agentKey,
    model_alias: row.modelAlias,
    model_alias_marker: row.modelAliasMarker,
    model_context_limit: row.modelContextLimit,
    input_budget: row.inputBudget,
    output_reserve: row.outputReserve,
    overhead_reserve: row.overheadReserve,
    estimated_tokens_before: row.estimatedTokensBefore,
    estimated_tokens_after_summary: row.estimatedTokensAfterSummary,
    estimated_tokens_after_prune: row.estimatedTokensAfterPrune,
    token_scale: row.tokenScale,
    counted_input_tokens: row.countedInputTokens,
    summary_id: row.summaryId,
    included: row.included.map(([from, to]): [number, number] => [from, to]),
    dropped: [...row.dropped],
    unknown_tags: [...row.unknownTags],
    files: row.files && toFiles(row.files),
    routing: row.routing && toRouting(row.routing),
    orchestration: row.orchestration && toOrchestration(row.orchestration),
    overhead_calls: row.overheadCalls.map(toOverheadCall),
    skipped_budget: row.skippedBudget,
    checkpoint_degraded: row.checkpointFailed,
  };
}

function toFiles({ listed, notListed, attached }: FileAudit): z.input<typeof files> {
  return {
    listed,
    not_listed: notListed,
    attached: attached.map(({ fileId, pages, leftOut }) => ({
      file_id: fileId,
      pages: [...pages],
      left_out: leftOut,
    })),
  };
}

function toRouting({ selectedKeys, rule, verdict, raw }: RoutingDecision): z.input<typeof routing> {
  return { selected_keys: selectedKeys, rule, verdict, raw };
}

function toOrchestration(record: OrchestrationRecord): z.input<typeof orchestration> {
  return {
    max_rounds: record.maxRounds,
    synthesis: record.synthesis,
    synthesis_result: record.synthesisResult,
    decisions: record.decisions.map(toRouting),
    rounds_ended_by: record.roundsEndedBy,
  };
}
