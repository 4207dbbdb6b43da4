import { sql } from "drizzle-orm";
import { describe, expect, inject, test } from "vitest";
import { createDb, repeatIfLost } from "../../src/db/core/client.ts";
import { createModels, type ModelAnswer } from "../support/models.ts";

const db = createDb(inject("databaseUrl"), inject("neonEndpoint"));

async function countTries(request: () => Promise<unknown>) {
  let tries = 0;
  const failing = () => {
    tries += 1;
    return request();
  };
  const error = await repeatIfLost(db, failing, [0, 0]).catch((reason: unknown) => reason);
  return { error, tries };
}

describe("a request whose answer breaks off is repeated, then it is 503 database_unavailable", () => {
  const answers: [string, ModelAnswer][] = [
    ["its connection ends inside the body", { deltas: ["a", "b", "c"], cut_after_chunks: 2 }],
    ["its body ends too early", { body: '{"rows":' }],
    ["its compressed body ends too early", { body: '{"rows":', headers: { "Content-Encoding": "gzip" } }],
  ];

  test.each(answers)("%s", async (_what, answer) => {
    const server = createModels();
    await server.script({ answer });
    const read = async () => {
      const body = JSON.stringify({ model: "m", stream: true, messages: [] });
      return (await fetch(`${server.baseUrl}/chat/completions`, { method: "POST", body })).json();
    };
    const { error, tries } = await countTries(read);
    expect(error).toMatchObject({ code: "database_unavailable" });
    expect(tries).toBe(3);
  });

  test("the database is not connected", async () => {
    const away = () => fetch("http://127.0.0.1:1/sql");
    expect(await countTries(away)).toMatchObject({ error: { code: "database_unavailable" }, tries: 3 });
  });
});

describe("an error of the program is thrown unchanged, and its request is not repeated", () => {
  class UnreadableRow extends Error {}
  const errors = [new ReferenceError("x is not defined"), new TypeError("not a row"), new UnreadableRow()];
  const failing = (error: Error) =>
    sql`1`.mapWith(() => {
      throw error;
    });

  test.each(errors)("%s while a request is built", async (error) => {
    const build = () => {
      throw error;
    };
    expect(await countTries(async () => build())).toEqual({ error, tries: 1 });
  });

  test.each(errors)("%s while rows are read", async (error) => {
    const select = () => db.select({ value: failing(error) }).from(sql`(select 1) as one`);
    for (const read of [select, () => db.batch([select()])]) {
      const { error: thrown, tries } = await countTries(read);
      expect([thrown, (thrown as Error).cause]).toContain(error);
      expect(tries).toBe(1);
    }
  });
});
