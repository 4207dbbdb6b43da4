import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { readableColumns } from "../../src/db/core/instant.ts";
import { llmCallEvents } from "../../src/db/schema.ts";
import { reportLateSpend } from "../../src/db/turn/late-spend.ts";
import type { LedgerRow } from "../../src/db/turn/stored-turn.ts";
import { createTurnScene, type TurnScene } from "../support/turn-scene.ts";

async function bookedRow({ api, sessionId }: TurnScene): Promise<LedgerRow> {
  const isIt = eq(llmCallEvents.sessionId, sessionId);
  const [row] = await api.deps.db.select(readableColumns(llmCallEvents)).from(llmCallEvents).where(isIt);
  if (row === undefined) throw new Error("nothing is booked");
  return row;
}

/** Reports the call of a stored turn once more, as having taken more tokens. */
async function reportMore(scene: TurnScene, row: LedgerRow): Promise<void> {
  const { db, catalog } = scene.api.deps;
  const claim = { sessionId: scene.sessionId, runId: row.runId, holder: crypto.randomUUID() };
  const more = { outputTokens: row.outputTokens + 1_000, totalTokens: row.totalTokens + 1_000 };
  const ledger = [{ ...row, ...more, status: "completed" as const, credits: "0.50000000" }];
  await reportLateSpend(
    db,
    { claim, ledger, reportedIds: [], pricing: undefined, createdAt: row.createdAt },
    catalog,
  );
}

test("a late report changes no row that says what a call was", async () => {
  const scene = await createTurnScene();
  await scene.post("@ada hello");
  const row = await bookedRow(scene);

  await reportMore(scene, row);

  expect(await bookedRow(scene)).toEqual(row);
});

test("and takes the place of one that only guesses", async () => {
  const scene = await createTurnScene();
  const { body: turn } = await scene.post("@ada hello");
  await scene.sql`update llm_call_events set status = 'unknown', credits = 0 where turn_id = ${turn.id}`;

  const guess = await bookedRow(scene);

  await reportMore(scene, guess);

  expect(await bookedRow(scene)).toEqual({
    ...guess,
    ...{ status: "completed", credits: "0.50000000" },
    ...{ outputTokens: guess.outputTokens + 1_000, totalTokens: guess.totalTokens + 1_000 },
  });
  expect(await scene.ledger()).toHaveLength(1);
});
