import { expect, test } from "vitest";
import { readableColumns } from "../../src/db/core/instant.ts";
import { rooms } from "../../src/db/schema.ts";
import { createTestApi, newUser } from "../support/api.ts";
import { connectSql } from "../support/sql.ts";

const sql = connectSql();

test("the test database writes dates, intervals, bytes and numbers in unusual forms", async () => {
  const [written] = await sql`select '2026-02-20T12:00:00.123456Z'::timestamptz::text as instant,
    interval '1 day 2 hours'::text as interval, '\\x5c41'::bytea::text as bytes, 0.125::float8::text as number`;

  expect(written).toEqual({
    instant: "20.02.2026 17:30:00.123456 IST",
    interval: "1 2:00:00",
    bytes: "\\\\A",
    number: "0.1",
  });
});

test("an instant is read back as it was written, for any day and month", async () => {
  const { deps } = createTestApi();
  const { userId, email } = newUser();
  const instants = ["2026-02-20T12:00:00.123Z", "2026-11-10T18:31:59.999Z", "1969-12-31T23:59:59.999Z"];
  await sql`insert into users (id, email, created_at) values (${userId}, ${email}, now())`;
  const rowOf = (createdAt: Date) => ({
    id: crypto.randomUUID(),
    ownerUserId: userId,
    name: "A room",
    createdAt,
    updatedAt: createdAt,
  });
  for (const instant of instants) {
    const [stored] = await deps.db
      .insert(rooms)
      .values(rowOf(new Date(instant)))
      .returning(readableColumns(rooms));

    expect(stored?.createdAt.toISOString()).toBe(instant);
    expect(stored?.deletedAt).toBeNull();
  }
});

test("reading an instant as Postgres writes it throws", async () => {
  const { deps } = createTestApi();

  const read = deps.db.select({ createdAt: rooms.createdAt }).from(rooms).limit(1);

  await expect(read).rejects.toThrow("readableColumns");
});
