import type { JournalEntry } from "../../../support/node/model-journal.ts";
import { isRefusedCall } from "../../../turn/modes/support/model-calls.ts";
import { readRequest } from "../testbed/scenario-tag.ts";
import { type CallPurpose, describeCall, readCallPurpose, routeStepId, summarizers } from "./call-purpose.ts";
import type { LedgerRow, OverheadRow, SessionRows } from "./session-rows.ts";

/** One row of the ledger: an agent's call, or one of the turn's own. */
type LedgerEntry = Omit<CallPurpose, "callId"> & { callId: string | null; status: LedgerRow["status"] };

/**
 * Compares the provider's journal with the ledger, call by call. An answered call has exactly one row, in the ledger
 * or in an audit's overhead. A call without a row of its own has an estimate, or was cut off by a cancel before the
 * provider named it: then its row is failed, and billed. Returns what does not match.
 */
export function checkLedger(
  journal: readonly JournalEntry[],
  { ledger, overhead }: Pick<SessionRows, "ledger" | "overhead">,
): string[] {
  const ledgerEntries = [...ledger.map(toLedgerEntry), ...overhead.map(toOverheadEntry)];
  const named = ledgerEntries.filter((row) => row.callId !== null);
  // The row of a call that was cut off is found before an estimate.
  const unnamed = ledgerEntries
    .filter((row) => row.callId === null)
    .toSorted((one, other) => Number(isCut(one)) - Number(isCut(other)));
  const estimates = Map.groupBy(unnamed, describeCall);
  const journalled = new Set(journal.map(({ call_id }) => call_id));
  return [
    ...journal.flatMap((entry) => checkCall(entry, named, ledger, estimates)),
    ...named
      .filter(({ callId }) => !journalled.has(callId ?? ""))
      .map((row) => `a row of a call that is not in the journal: ${describeCall(row)}`),
    ...unnamed
      .filter(({ status }) => status === "completed")
      .map((row) => `a row that names no call, and is no estimate: ${describeCall(row)}`),
    ...[...estimates.values()]
      .flat()
      .filter(isCut)
      .map((row) => `a row of a call that was cut off and is not in the journal: ${describeCall(row)}`),
    ...ledger.flatMap((row) => checkRow(row)),
  ];
}

function checkCall(
  entry: JournalEntry,
  named: readonly LedgerEntry[],
  ledger: readonly LedgerRow[],
  estimates: Map<string, LedgerEntry[]>,
): string[] {
  const name = describeCall(readCallPurpose(entry));
  const rows = named.filter(({ callId }) => callId === entry.call_id);
  if (isRefusedCall(entry)) {
    return rows.length === 0 ? [] : [`a refused call is in the ledger: ${name}`];
  }
  if (rows.length > 1) return [`a call is in the ledger ${rows.length} times: ${name}`];
  const [row] = rows;
  if (row === undefined) {
    // A call that was in flight when its holder was lost has one estimate.
    return estimates.get(name)?.pop() === undefined ? [`a call is missing in the ledger: ${name}`] : [];
  }
  if (describeCall(row) !== name)
    return [`a call is in the ledger under another name: ${name}, as ${describeCall(row)}`];
  const reported = ledger.find(({ provider_request_id: id }) => id === entry.call_id);
  const tokens = (entry.usage?.prompt_tokens ?? 0) + (entry.usage?.completion_tokens ?? 0);
  const isOff = reported?.usage_source === "provider" && reported.total_tokens !== tokens;
  return isOff ? [`${reported.total_tokens} tokens in the ledger, ${tokens} reported: ${name}`] : [];
}

function isCut({ callId, status }: LedgerEntry): boolean {
  return callId === null && status === "failed";
}

function checkRow({ turn_id, status, credits, ...row }: LedgerRow): string[] {
  const name = `${row.step}, round ${row.round}`;
  return [
    ...(turn_id === null ? [`a ledger row without a turn: ${name}`] : []),
    ...(status === "unknown" && Number(credits) !== 0 ? [`an estimate costs ${credits}: ${name}`] : []),
  ];
}

function toLedgerEntry(row: LedgerRow): LedgerEntry {
  return {
    request: readRequest(row.user_input ?? "") ?? 0,
    step: row.step,
    round: row.round,
    callId: row.provider_request_id,
    status: row.status,
  };
}

function toOverheadEntry({
  user_input,
  purpose,
  round,
  status,
  providerRequestId,
}: OverheadRow): LedgerEntry {
  const step = purpose === "routing" ? routeStepId(round ?? 1) : purpose;
  const request = summarizers.includes(step) ? 0 : (readRequest(user_input) ?? 0);
  return { request, step, round: 1, callId: providerRequestId, status };
}
