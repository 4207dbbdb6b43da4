import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { prepareSelect, prepareStatement, selectBuilder } from "../../src/db/core/prepared-statement.ts";
import { rooms, sessions } from "../../src/db/schema.ts";

const text = 'select $1 from "sessions" where id = $2 and $3';
const statement = prepareStatement<{ id: string; flag: boolean | null }>(
  sql`select ${7} from ${sessions} where id = ${sql.placeholder("id")} and ${sql.placeholder("flag")}`,
);

test("each use of a prepared statement has its own values in the right places", () => {
  const uses = [statement({ id: "a", flag: true }), statement({ id: "b", flag: null })];
  expect(uses.map((use) => use.getQuery())).toEqual([
    { sql: text, params: [7, "a", true] },
    { sql: text, params: [7, "b", null] },
  ]);
});

test("a missing value is an error, never null", () => {
  expect(() => statement({ id: "a" } as Parameters<typeof statement>[0])).toThrow("flag");
});

test("a prepared statement runs only in a batch", async () => {
  await expect(statement({ id: "a", flag: true }).execute()).rejects.toThrow("batch");
});

test("a prepared select has its values, and reads rows with two columns of one name", async () => {
  const select = prepareSelect(() =>
    selectBuilder
      .select({ session: { id: sessions.id }, room: { id: rooms.id, name: rooms.name } })
      .from(sessions)
      .leftJoin(rooms, eq(rooms.id, sessions.roomId))
      .where(eq(sessions.id, sql.placeholder("id"))),
  );
  const uses = [select({ id: "a" }), select({ id: "b" })];
  expect(uses.map((use) => use.getQuery().params)).toEqual([["a"], ["b"]]);
  expect(
    uses[0]?.mapResult(
      {
        rows: [
          ["s", "r", "Room"],
          ["t", null, null],
        ],
      },
      true,
    ),
  ).toEqual([
    { session: { id: "s" }, room: { id: "r", name: "Room" } },
    { session: { id: "t" }, room: null },
  ]);
  expect(() => select({})).toThrow("id");
  await expect(uses[1]?.execute()).rejects.toThrow("batch");
});
