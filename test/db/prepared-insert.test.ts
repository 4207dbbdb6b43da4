import type { BatchItem } from "drizzle-orm/batch";
import { expect, test } from "vitest";
import { createDb } from "../../src/db/core/client.ts";
import { prepareInsert, prepareInserts } from "../../src/db/core/prepared-insert.ts";
import { checkpointBlobs, messages, turnContextAudit } from "../../src/db/schema.ts";

const db = createDb("postgres://user@localhost/database");
const id = "019b7e00-0000-7000-8000-000000000001";
const at = new Date("2026-01-02T03:04:05.678Z");

const message: typeof messages.$inferSelect = {
  id,
  sessionId: id,
  turnId: id,
  runId: id,
  seq: 1,
  role: "assistant",
  step: "ada#1",
  round: 1,
  agentKey: "ada",
  agentName: null,
  visibility: "shared",
  status: "failed",
  error: { code: "deadline", message: 'too "late"' },
  partial: null,
  content: "it's\n\\ done",
  finishReason: null,
  supersedesId: null,
  createdAt: at,
  estimatedTokens: 3,
  excluded: null,
  deletedAt: null,
};
const audit: typeof turnContextAudit.$inferSelect = {
  id,
  sessionId: id,
  turnId: id,
  runId: id,
  step: "ada#1",
  agentKey: "ada",
  modelAlias: "qwen",
  modelAliasMarker: "qwen",
  modelContextLimit: 8,
  inputBudget: 7,
  outputReserve: 6,
  overheadReserve: 5,
  tokenScale: "1.2500",
  estimatedTokensBefore: 4,
  estimatedTokensAfterSummary: 3,
  estimatedTokensAfterPrune: 2,
  countedInputTokens: null,
  summaryId: null,
  included: [[1, 2]],
  dropped: [],
  unknownTags: ["x"],
  files: { listed: 1, notListed: 0, attached: [] },
  routing: null,
  orchestration: null,
  checkpointFailed: false,
  skippedBudget: false,
  overheadCalls: [],
  createdAt: at,
};
const blob = { threadId: "t", checkpointNs: "", channel: "c", version: "1", type: "json" };
const blobs = [
  { ...blob, blob: new Uint8Array([0, 255, 16]) },
  { ...blob, version: "2", blob: null },
];

/** As written to the database: the statement, blanks and aliases apart, and its values. */
function written(statement: BatchItem<"pg"> | undefined) {
  // What a batch asks of each of its statements.
  const { sql, params } = (
    statement as unknown as { getQuery(): { sql: string; params: unknown[] } }
  ).getQuery();
  return { sql: sql.replace(/\s+/g, " "), params };
}

test("a prepared insert has the same text as Drizzle's, for any number of rows", () => {
  const insertMessages = prepareInsert(messages);
  for (const rows of [[message], [message, { ...message, seq: 2, error: null }], [message]]) {
    expect(written(insertMessages(rows)[0])).toEqual(db.insert(messages).values(rows).toSQL());
  }
  expect(written(prepareInsert(turnContextAudit)([audit])[0])).toEqual(
    db.insert(turnContextAudit).values(audit).toSQL(),
  );
  expect(written(prepareInsert(checkpointBlobs, "on conflict do nothing")(blobs)[0])).toEqual(
    db.insert(checkpointBlobs).values(blobs).onConflictDoNothing().toSQL(),
  );
});

test("no rows give no statement", () => {
  expect(prepareInsert(messages)([])).toEqual([]);
});

test("inserts into several tables are one statement, whose values are numbered through", () => {
  const insert = prepareInserts<[typeof checkpointBlobs, typeof messages, typeof turnContextAudit]>(
    { table: checkpointBlobs, onConflict: "on conflict do nothing" },
    { table: messages },
    { table: turnContextAudit },
  );
  const each = [
    db.insert(checkpointBlobs).values(blobs).onConflictDoNothing().toSQL(),
    db.insert(turnContextAudit).values(audit).toSQL(),
  ];
  const blobParams = each[0]?.params.length ?? 0;
  const last = each[1]?.sql.replace(/\$(\d+)/g, (_, place) => `$${blobParams + Number(place)}`);
  expect(insert(blobs, [], [audit]).map(written)).toEqual([
    { sql: `with insert_1 as (${each[0]?.sql}) ${last}`, params: each.flatMap(({ params }) => params) },
  ]);
  expect(insert([], [message], []).map(written)).toEqual([db.insert(messages).values(message).toSQL()]);
  expect(insert([], [], [])).toEqual([]);
});
