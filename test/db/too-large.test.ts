import { sql } from "drizzle-orm";
import { describe, expect, inject, test } from "vitest";
import { createDb, RequestTooLarge, ResponseTooLarge, repeatIfLost } from "../../src/db/core/client.ts";
import { watchDatabase } from "../support/database-requests.ts";

const mebibyte = 1024 * 1024;
const db = createDb(inject("databaseUrl"), inject("neonEndpoint"));

const single = (statement: ReturnType<typeof sql>) => () => db.execute(statement);
const batch = (statement: ReturnType<typeof sql>) => () =>
  db.batch([db.execute(sql`select 1`), db.execute(statement)]);
const answerOf = (megabytes: number) => sql`select repeat('x', ${megabytes * mebibyte}::int) as text`;
const requestOf = (megabytes: number) =>
  sql`select octet_length(${"x".repeat(megabytes * mebibyte)}) as bytes`;

/** Asks as a request that is repeated while its answer is lost, and counts how often the endpoint was asked. */
function ask(request: () => Promise<unknown>) {
  return watchDatabase(() => repeatIfLost(db, request).catch((error: unknown) => error));
}

describe.each([
  { what: "a statement", build: single },
  { what: "a batch", build: batch },
])("$what", ({ build }) => {
  test("with an answer over 10 MiB fails and is sent once", async () => {
    const { result, requests } = await ask(build(answerOf(10.5)));
    expect(result).toBeInstanceOf(ResponseTooLarge);
    expect(requests).toHaveLength(1);
  });

  test("of over 10 MiB fails and is sent once", async () => {
    const { result, requests } = await ask(build(requestOf(10.5)));
    expect(result).toBeInstanceOf(RequestTooLarge);
    expect(requests).toHaveLength(1);
  });

  test("of 9 MiB succeeds in both directions", async () => {
    for (const statement of [answerOf(9), requestOf(9)]) {
      const { result, requests } = await ask(build(statement));
      expect(result).not.toBeInstanceOf(Error);
      expect(requests).toHaveLength(1);
    }
  });
});
