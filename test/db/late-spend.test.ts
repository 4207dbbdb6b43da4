import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { readableColumns } from "../../src/db/core/instant.ts";
import { llmCallEvents } from "../../src/db/schema.ts";
import { reportLateSpend } from "../../src/db/turn/late-spend.ts";
import type { LedgerRow } from "../../src/db/turn/stored-turn.ts";
import { createTurnFixture, type TurnFixture } from "../support/turn-fixture.ts";

/** @param id absent: the session's only row. */
async function bookedRow({ api, sessionId }: TurnFixture, id?: string): Promise<LedgerRow> {
  const isIt = id === undefined ? eq(llmCallEvents.sessionId, sessionId) : eq(llmCallEvents.id, id);
  const [row] = await api.deps.db.select(readableColumns(llmCallEvents)).from(llmCallEvents).where(isIt);
  if (row === undefined) throw new Error("nothing is booked");
  return row;
}

/** Reports the call of a stored turn once more, as having taken more tokens. */
async function reportMore(fixture: TurnFixture, row: LedgerRow): Promise<void> {
  const { db, catalog } = fixture.api.deps;
  const claim = { sessionId: fixture.sessionId, runId: row.runId, holder: crypto.randomUUID() };
  const more = { outputTokens: row.outputTokens + 1_000, totalTokens: row.totalTokens + 1_000 };
  const ledger = [{ ...row, ...more, status: "completed" as const, credits: "0.50000000" }];
  await reportLateSpend(
    db,
    { claim, ledger, reportedIds: [], pricing: undefined, createdAt: row.createdAt },
    { catalog },
  );
}

test("a late report does not change a row that records a real call", async () => {
  const fixture = await createTurnFixture();
  await fixture.post("@ada hello");
  const row = await bookedRow(fixture);

  await reportMore(fixture, row);

  expect(await bookedRow(fixture)).toEqual(row);
});

test("a late report replaces a row that is an estimate", async () => {
  const fixture = await createTurnFixture();
  const { body: turn } = await fixture.post("@ada hello");
  const id = crypto.randomUUID();
  const estimate = JSON.stringify({ id, status: "unknown", credits: 0, attempts: 0 });
  await fixture.sql`insert into llm_call_events
    select (jsonb_populate_record(e, ${estimate}::jsonb)).* from llm_call_events e where turn_id = ${turn.id}`;
  const guess = await bookedRow(fixture, id);

  await reportMore(fixture, guess);

  expect(await bookedRow(fixture, id)).toEqual({
    ...guess,
    status: "completed",
    credits: "0.50000000",
    outputTokens: guess.outputTokens + 1_000,
    totalTokens: guess.totalTokens + 1_000,
  });
  expect(await fixture.ledger()).toHaveLength(2);
});
