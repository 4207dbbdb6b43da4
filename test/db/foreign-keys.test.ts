import { expect, test } from "vitest";
import { connectSql } from "../support/sql.ts";

const sql = connectSql();

test("every foreign key has an index, so that deleting and joining read no whole table", async () => {
  const keys = await sql`
    select c.conname as name, exists (
      select 1 from pg_index i where i.indrelid = c.conrelid
        and (i.indkey::int2[])[0:array_length(c.conkey, 1) - 1] @> c.conkey) as is_indexed
    from pg_constraint c where c.contype = 'f' and c.connamespace = 'public'::regnamespace`;
  expect(keys.length).toBeGreaterThan(20);
  expect(keys.filter(({ is_indexed }) => !is_indexed)).toEqual([]);
});

test("foreign keys are named by one rule: table, columns, table, columns", async () => {
  const keys = await sql`
    select c.conname as name, concat_ws('_', c.conrelid::regclass, a.attname, c.confrelid::regclass, b.attname, 'fk')
      as ruled
    from pg_constraint c
      join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
      join pg_attribute b on b.attrelid = c.confrelid and b.attnum = c.confkey[1]
    where c.contype = 'f' and c.connamespace = 'public'::regnamespace`;
  expect(keys.filter(({ name, ruled }) => name !== ruled)).toEqual([]);
});

test("the ledger and the tool records stay when their room, session and turn are deleted, and keep their user", async () => {
  const rules = await sql`
    select c.conrelid::regclass::text as of, c.confrelid::regclass::text as refers, c.confdeltype as on_delete
    from pg_constraint c
    where c.contype = 'f' and c.conrelid in ('llm_call_events'::regclass, 'tool_call_events'::regclass)
      and c.confrelid <> 'pricing_versions'::regclass`;
  const setNull = rules.filter(({ on_delete }) => on_delete === "n").map(({ refers }) => refers);
  const restrict = rules.filter(({ on_delete }) => on_delete === "r").map(({ refers }) => refers);
  expect(new Set(setNull)).toEqual(new Set(["rooms", "sessions", "turns"]));
  expect(setNull).toHaveLength(6);
  expect(restrict).toEqual(["users", "users"]);
});
