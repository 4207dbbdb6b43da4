import type { JournalEntry } from "../../../support/node/model-journal.ts";
import { readRequest } from "../testbed/scenario-tag.ts";
import { type Called, calledFor, placeOf, summarizers } from "./called.ts";
import type { LedgerRow, OverheadRow, SessionRows } from "./session-rows.ts";

/** One row of the books, an agent's or the turn's own. */
type Booked = Omit<Called, "callId"> & { callId: string | null; status: LedgerRow["status"] };

/**
 * Holds the provider's journal against the books, call by call: each that was answered has exactly one row of
 * the ledger or of the audits' overhead; each that left no row of its own has an estimate of its place. Gives
 * what does not fit.
 */
export function auditBooks(
  journal: readonly JournalEntry[],
  { ledger, overhead }: Pick<SessionRows, "ledger" | "overhead">,
): string[] {
  const books = [...ledger.map(toBooked), ...overhead.map(toBookedOverhead)];
  const named = books.filter((row) => row.callId !== null);
  const estimates = Map.groupBy(
    books.filter((row) => row.callId === null),
    placeOf,
  );
  const made = new Set(journal.map(({ call_id }) => call_id));
  return [
    ...journal.flatMap((entry) => auditCall(entry, named, ledger, estimates)),
    ...named
      .filter(({ callId }) => !made.has(callId ?? ""))
      .map((row) => `a row of a call nobody made: ${placeOf(row)}`),
    ...books
      .filter(({ callId, status }) => callId === null && status !== "unknown")
      .map((row) => `a row that names no call, and is no estimate: ${placeOf(row)}`),
    ...ledger.flatMap((row) => auditRow(row)),
  ];
}

function auditCall(
  entry: JournalEntry,
  named: readonly Booked[],
  ledger: readonly LedgerRow[],
  estimates: Map<string, Booked[]>,
): string[] {
  const called = calledFor(entry);
  const place = placeOf(called);
  const rows = named.filter(({ callId }) => callId === entry.call_id);
  if (entry.status !== null && entry.status >= 400) {
    return rows.length === 0 ? [] : [`a refused call is booked: ${place}`];
  }
  if (rows.length > 1) return [`a call is booked ${rows.length} times: ${place}`];
  const [row] = rows;
  if (row === undefined) {
    // What a lost holder had under way: one estimate each.
    return estimates.get(place)?.pop() === undefined ? [`a call is not on the books: ${place}`] : [];
  }
  if (placeOf(row) !== place) return [`a call is booked in another place: ${place}, as ${placeOf(row)}`];
  const reported = ledger.find(({ provider_request_id: id }) => id === entry.call_id);
  const tokens = (entry.usage?.prompt_tokens ?? 0) + (entry.usage?.completion_tokens ?? 0);
  const isOff = reported?.usage_source === "provider" && reported.total_tokens !== tokens;
  return isOff ? [`${reported.total_tokens} tokens booked, ${tokens} reported: ${place}`] : [];
}

function auditRow({ turn_id, status, credits, ...row }: LedgerRow): string[] {
  const place = `${row.agent_key}, round ${row.round}`;
  return [
    ...(turn_id === null ? [`a ledger row without a turn: ${place}`] : []),
    ...(status === "unknown" && Number(credits) !== 0 ? [`an estimate costs ${credits}: ${place}`] : []),
  ];
}

function toBooked(row: LedgerRow): Booked {
  return {
    request: readRequest(row.user_input ?? "") ?? 0,
    who: row.agent_key,
    round: row.round,
    callId: row.provider_request_id,
    status: row.status,
  };
}

function toBookedOverhead({ user_input, purpose, status, providerRequestId }: OverheadRow): Booked {
  const who = purpose === "routing" ? "manager" : purpose;
  const request = summarizers.includes(who) ? 0 : (readRequest(user_input) ?? 0);
  return { request, who, round: 1, callId: providerRequestId, status };
}
