import { connect, createServer } from "node:net";
import { NeonDbError, neon, neonConfig } from "@neondatabase/serverless";
import { drizzle } from "drizzle-orm/neon-http";
import { customType, integer, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { maxBodyBytes, type NeonEndpoint, startNeonEndpoint } from "../../../dev/neon-endpoint.ts";
import { startTestDatabase, type TestDatabase } from "../../support/node/test-database.ts";

const bytea = customType<{ data: Buffer }>({ dataType: () => "bytea" });
const notes = pgTable("notes", {
  id: integer().primaryKey(),
  label: text().notNull(),
  extra: jsonb(),
  at: timestamp({ withTimezone: true }),
  raw: bytea(),
});

const sql = neon("postgres://nobody@localhost/nothing");
const db = drizzle(sql);
let database: TestDatabase;
let endpoint: NeonEndpoint;

beforeAll(async () => {
  database = await startTestDatabase();
  const maxConnections = database.trueConcurrency ? 10 : 1;
  endpoint = await startNeonEndpoint({ connectionString: database.connectionString, maxConnections });
  neonConfig.fetchEndpoint = endpoint.url;
  await sql`create table notes
    (id int primary key, label text not null, extra jsonb, at timestamptz, raw bytea)`;
  await sql`create table counter (n int not null)`;
  await sql`create table later (id int, constraint later_once unique (id) deferrable initially deferred)`;
});

beforeEach(() => sql.transaction([sql`truncate notes, counter, later`, sql`insert into counter values (0)`]));

afterAll(async () => {
  await endpoint.stop();
  await database.stop();
});

const note = (id: number, label = "x") => db.insert(notes).values({ id, label });

/** The driver's error for a query that must fail; drizzle wraps it outside of batches. */
async function failureOf(query: Promise<unknown>): Promise<NeonDbError> {
  const error: unknown = await query.then(() => new Error("it did not fail"), Object);
  expect(error).toBeInstanceOf(NeonDbError);
  return error as NeonDbError;
}

function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(endpoint.url, {
    method: "POST",
    headers: { "Neon-Connection-String": "postgres://nobody@localhost/nothing", ...headers },
    body,
  });
}

test("a batch keeps all of its rows", async () => {
  const [, , rows] = await db.batch([note(1), note(2), db.select({ id: notes.id }).from(notes)]);
  expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
});

test.each([
  ["in the middle", [note(1), note(1), note(2)] as const],
  ["in the last statement", [note(1), note(2), note(2)] as const],
])("a unique violation %s leaves nothing, and the next request works", async (_where, batch) => {
  const error = await failureOf(db.batch(batch));
  expect(error).toMatchObject({ code: "23505", constraint: "notes_pkey", table: "notes", schema: "public" });
  expect(error.detail).toMatch(/^Key \(id\)=\(\d\) already exists\.$/);
  expect(await db.select().from(notes)).toEqual([]);
});

test("a constraint that is checked at commit leaves nothing", async () => {
  const error = await failureOf(sql.transaction([1, 1].map((id) => sql`insert into later values (${id})`)));
  expect(error).toMatchObject({ code: "23505", constraint: "later_once" });
  expect(await sql`select * from later`).toEqual([]);
});

test("an error names the column, the position and the severity", async () => {
  const missing = await failureOf(Promise.resolve(sql`insert into notes (id) values (1)`));
  expect(missing).toMatchObject({ code: "23502", table: "notes", column: "label", severity: "ERROR" });
  const unknown = await failureOf(Promise.resolve(sql`select nothing_like_it`));
  expect(unknown).toMatchObject({ code: "42703", position: "8" });
});

test("a batch runs at the isolation level it asks for", async () => {
  const shown = [];
  for (const isolationLevel of ["ReadCommitted", "RepeatableRead", "Serializable"] as const) {
    const [rows] = await sql.transaction([sql`show transaction_isolation`], { isolationLevel });
    shown.push(rows?.[0]?.transaction_isolation);
  }
  expect(shown).toEqual(["read committed", "repeatable read", "serializable"]);
});

test("a read-only batch cannot write, a deferrable one says so", async () => {
  const error = await failureOf(sql.transaction([sql`update counter set n = 9`], { readOnly: true }));
  expect(error.code).toBe("25006");
  const [rows] = await sql.transaction([sql`show transaction_deferrable`], { deferrable: true });
  expect(rows).toEqual([{ transaction_deferrable: "on" }]);
});

test.each([
  ["Neon-Batch-Isolation-Level", "serializable"],
  ["Neon-Batch-Read-Only", "yes"],
  ["Neon-Batch-Deferrable", "1"],
])("a bad %s is refused", async (header, value) => {
  const response = await post(JSON.stringify({ queries: [] }), { [header]: value });
  expect(response.status).toBe(400);
});

test("several statements in one query are refused, and none of them runs", async () => {
  const text = "update counter set n = 1; update counter set n = 2";
  const message = "cannot insert multiple commands into a prepared statement";
  expect(await failureOf(Promise.resolve(sql.query(text)))).toMatchObject({ code: "42601", message });
  expect(await failureOf(sql.transaction([sql.query(text)]))).toMatchObject({ code: "42601" });
  expect(await sql`select n from counter`).toEqual([{ n: 0 }]);
});

test("a transaction left open by a single query is not handed to the next one", async () => {
  const lone = await startNeonEndpoint({ connectionString: database.connectionString, maxConnections: 1 });
  const run = (query: string) =>
    fetch(lone.url, {
      method: "POST",
      headers: { "Neon-Connection-String": "x" },
      body: JSON.stringify({ query }),
    });
  expect((await run("begin")).status).toBe(200);
  expect((await run("update counter set n = 7")).status).toBe(200);
  await lone.stop();
  expect(await sql`select n from counter`).toEqual([{ n: 7 }]);
});

test("the endpoint returns values of each type unchanged", async () => {
  const row = {
    id: 1,
    label: "ü 'quoted' \\ \u{1f600}",
    extra: { list: [1, null, "a"], flag: false },
    at: new Date("2026-01-02T03:04:05.678Z"),
    raw: Buffer.from([0, 1, 254, 255]),
  };
  const empty = { id: 2, label: "", extra: null, at: null, raw: null };
  await db.insert(notes).values([row, empty]);
  expect(await db.select().from(notes).orderBy(notes.id)).toEqual([row, empty]);
});

test("the endpoint answers with raw text or typed values, as arrays or objects", async () => {
  const query = "select 7 as n, true as yes, null as none, '{\"a\":1}'::jsonb as doc";
  const ask = async (headers: Record<string, string>) =>
    (await post(JSON.stringify({ query }), headers)).json();
  const raw = { "Neon-Raw-Text-Output": "true" };
  expect(await ask({ ...raw, "Neon-Array-Mode": "true" })).toMatchObject({
    command: "SELECT",
    rowCount: 1,
    rowAsArray: true,
    rows: [["7", "t", null, '{"a": 1}']],
  });
  const answer = await ask(raw);
  expect(answer).toMatchObject({
    rowAsArray: false,
    rows: [{ n: "7", yes: "t", none: null, doc: '{"a": 1}' }],
  });
  expect(answer).toHaveProperty("fields.0", {
    name: "n",
    dataTypeID: 23,
    tableID: 0,
    columnID: 0,
    dataTypeSize: 4,
    dataTypeModifier: -1,
    format: "text",
  });
  expect(await ask({})).toMatchObject({ rows: [{ n: 7, yes: true, none: null, doc: { a: 1 } }] });
});

test("concurrent batches do not mix", async () => {
  const bump = sql`update counter set n = n + 1 returning n`;
  const pairs = await Promise.all(Array.from({ length: 40 }, () => sql.transaction([bump, bump])));
  for (const [first, second] of pairs) expect(second?.[0]?.n).toBe(first?.[0]?.n + 1);
  expect(await sql`select n from counter`).toEqual([{ n: 80 }]);
});

test("a batch whose client goes away runs to its end and frees its connection", async () => {
  const body = JSON.stringify({ queries: [{ query: "update counter set n = 5" }] });
  const { hostname, port, pathname } = new URL(endpoint.url);
  const socket = connect(Number(port), hostname);
  const head = `POST ${pathname} HTTP/1.1\r\nHost: localhost\r\nNeon-Connection-String: x\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.write(head + body, () => socket.destroy());
  await expect.poll(() => sql`select n from counter`).toEqual([{ n: 5 }]);
});

test("a request over 10 MiB is refused with 413", async () => {
  const response = await post(JSON.stringify({ query: "select $1", params: ["x".repeat(maxBodyBytes)] }));
  expect(response.status).toBe(413);
});

test("an answer over 10 MiB is refused with 507, and its batch is rolled back", async () => {
  const large = `select repeat('x', ${maxBodyBytes}) as large`;
  expect((await post(JSON.stringify({ query: large }))).status).toBe(507);
  const queries = [{ query: "update counter set n = 3" }, { query: large }];
  expect((await post(JSON.stringify({ queries }))).status).toBe(507);
  expect(await sql`select n from counter`).toEqual([{ n: 0 }]);
});

test.each([
  ["no JSON", "{", 400],
  ["no query", "{}", 400],
  ["a list", "[]", 400],
  ["queries that are no list", '{"queries":{}}', 400],
  ["a query that is no text", '{"queries":[{"query":1}]}', 400],
  ["params that are no list", '{"query":"select 1","params":{}}', 400],
  ["a zero byte", '{"query":"select 1\\u0000"}', 400],
  ["an empty batch", '{"queries":[]}', 200],
])("a body with %s", async (_what, body, status) => {
  expect((await post(body)).status).toBe(status);
});

test("other paths, methods and a missing connection string are refused", async () => {
  const body = JSON.stringify({ query: "select 1" });
  expect((await fetch(endpoint.url, { method: "POST", body })).status).toBe(400);
  expect((await fetch(endpoint.url)).status).toBe(405);
  expect((await fetch(new URL("/other", endpoint.url), { method: "POST", body })).status).toBe(404);
});

test("a database that cannot be reached is a server error without its password", async () => {
  const free = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => free.once("listening", resolve));
  const address = free.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  await new Promise((resolve) => free.close(resolve));

  const dead = await startNeonEndpoint({ connectionString: `postgres://eve:hunter2@127.0.0.1:${port}/x` });
  const response = await fetch(dead.url, {
    method: "POST",
    headers: { "Neon-Connection-String": "x" },
    body: JSON.stringify({ query: "select 1" }),
  });
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(text).toContain("cannot connect to the database");
  expect(text).not.toContain("hunter2");
  await dead.stop();
});
