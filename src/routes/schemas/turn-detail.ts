import * as z from "zod";
import type { LedgerRow } from "../../db/turn/stored-turn.ts";
import type { RecordedTurn } from "../../db/turn/turns.ts";
import { stepIdOf } from "../../domain/plan/step.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { message, toMessage } from "./message.ts";
import { llmCall, toLlmCall } from "./model-calls.ts";
import { toTurnRead, turnRead } from "./turn.ts";
import { audit, toAudit } from "./turn-audit.ts";

/** A turn with its messages, calls and audit. */
export const turnDetail = lazily(() =>
  turnRead
    .unwrap()
    .extend({
      messages: z.array(message).describe("The turn's messages, also those that a retry replaced"),
      llm_calls: z.array(llmCall).meta({ description: "By run, step and round" }),
      audit: z.array(audit).describe("One row for each step of each run"),
      retrying: z.literal(true).optional().meta({ description: "A retry of it is running" }),
    })
    .meta({ id: "TurnDetail", description: "A stored turn with all that is known of it" }),
);

export function toTurnDetail(stored: RecordedTurn): z.input<typeof turnDetail> {
  return {
    ...toTurnRead(stored),
    messages: stored.messages.filter(isShown).map(toMessage),
    llm_calls: orderCalls(stored).map(toLlmCall),
    audit: stored.audits.map(toAudit),
  };
}

function isShown({ visibility, deletedAt }: RecordedTurn["messages"][number]): boolean {
  return visibility === "shared" && deletedAt === null;
}

/** By run and step in the order of the audit rows; the calls of a step keep their order. */
function orderCalls({ ledger, audits }: RecordedTurn): LedgerRow[] {
  const keyOf = (row: { runId: string; step: string | null; agentKey: string }) =>
    `${row.runId}/${stepIdOf(row)}`;
  const ranks = new Map(audits.map((audit, index) => [keyOf(audit), index]));
  const rankOf = (call: LedgerRow) => ranks.get(keyOf(call)) ?? audits.length;
  return ledger.toSorted((left, right) => rankOf(left) - rankOf(right));
}
