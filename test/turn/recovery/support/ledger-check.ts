import { expect } from "vitest";
import type { Json } from "../../../support/api.ts";
import type { TurnFixture } from "../../../support/turn-fixture.ts";
import { isRefusedCall } from "../../modes/support/model-calls.ts";
import { listCallers } from "./abandoned-run.ts";

/**
 * Holds the journal of the model server against the books: every call that was answered to its end has exactly
 * one row of the ledger or of the audit's overhead, every other that was spent an estimate (a call that a cancel cut off
 * before it was answered: a failed row without a provider's id), and each row a turn.
 */
export async function expectLedgerMatchesCalls(fixture: TurnFixture): Promise<void> {
  const { sql, sessionId, models } = fixture;
  const journal = await models.journal();
  const askedFor = await listCallers(fixture);
  const ledger = await fixture.ledger();
  const audits = await sql`select overhead_calls from turn_context_audit where session_id = ${sessionId}`;
  const overhead = audits.flatMap(({ overhead_calls }): Json[] => overhead_calls);
  const booked = [
    ...ledger.map((row) => row.provider_request_id),
    ...overhead.map((row) => row.providerRequestId),
  ].filter((id) => id !== null);

  expect(new Set(booked).size).toBe(booked.length);
  const unbooked = journal.flatMap((call, place) => {
    return !isRefusedCall(call) && !booked.includes(call.call_id) ? [askedFor[place] ?? ""] : [];
  });
  const isEstimate = (row: Json) => row.status === "unknown";
  const isCut = (row: Json) => row.status === "failed" && row.provider_request_id === null;
  const estimates = [
    ...ledger
      .filter((row) => isEstimate(row) || isCut(row))
      .map((row) => (row.step === "synthesis" ? row.step : row.agent_key)),
    ...overhead
      .filter(({ providerRequestId }) => providerRequestId === null)
      .map(({ purpose }) => (purpose === "routing" ? "manager" : purpose)),
  ];
  for (const who of new Set(unbooked)) {
    const count = (list: readonly string[]) => list.filter((one) => one === who).length;
    expect(count(estimates), `estimates of ${who}'s calls`).toBeGreaterThanOrEqual(count(unbooked));
  }
  for (const row of ledger.filter(isEstimate)) expect(Number(row.credits)).toBe(0);
  expect(ledger.filter((row) => row.turn_id === null)).toEqual([]);
}
