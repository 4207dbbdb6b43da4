import { expect, test } from "vitest";
import { readPaths } from "../../dev/read-paths.ts";
import { scannedTables } from "../support/table-scans.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";
import { insertBudget } from "../turn/money/support.ts";

/** Tables that an operator or a deployment adds a few rows to: they do not grow with use. */
const small = ["pricing_versions", "model_prices"];

const grownTables = (scanned: ReadonlyMap<string, string>) =>
  Object.fromEntries([...scanned].filter(([table]) => !small.includes(table)));

test("a scan of a table is noticed", async () => {
  const { sql } = await createTurnFixture();
  const scanned = await scannedTables(async () => {
    await sql`select 1 from messages where content = 'no index has it'`;
  });
  expect([...scanned.keys()]).toEqual(["messages"]);
});

test("a turn, a retry and a repeated request read no table whole", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
  await insertBudget(fixture.sql, { userId: fixture.owner.userId }, { period: "ever", limit: "5" });
  await fixture.models.script(says("bob", { status: 400 }, 1), { answer: { text: "fine" } });
  const scanned = await scannedTables(async () => {
    const { body: turn } = await fixture.post("hello", { key: "k" });
    expect(turn.status).toBe("partial");
    const retry = await fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${turn.id}/retry`);
    expect(retry.body.status).toBe("completed");
    expect((await fixture.post("hello", { key: "k" })).headers.get("Idempotency-Replayed")).toBe("true");
  });
  expect(grownTables(scanned)).toEqual({});
});

test("no read of the API reads a table whole", async () => {
  const fixture = await createTurnFixture();
  const { body: turn } = await fixture.post("@ada hello");
  const ids = { roomId: fixture.roomId, sessionId: fixture.sessionId, turnId: turn.id };
  const events = `/sessions/${ids.sessionId}/turns/${ids.turnId}/events`;
  const paths = [...readPaths(ids), "/auth/keys", events, "/usage", "/wallet/transactions"];
  const user = fixture.api.as(fixture.owner);
  const scansOf: Record<string, Record<string, string>> = {};
  for (const path of paths) {
    const scanned = grownTables(
      await scannedTables(async () => expect([path, (await user.get(path)).status]).toEqual([path, 200])),
    );
    if (Object.keys(scanned).length > 0) scansOf[path] = scanned;
  }
  expect(scansOf).toEqual({});
});

test("no change of a room or session reads a table whole", async () => {
  const { api, owner, roomId, sessionId } = await createTurnFixture();
  const user = api.as(owner);
  const agent = { agent_key: "cy", name: "Cy", model_alias: "qwen", role_prompt: "Listen." };
  const scanned = await scannedTables(async () => {
    const answers = [
      await user.post("/rooms", { name: "Another" }),
      await user.post(`/rooms/${roomId}/agents`, agent),
      await user.patch(`/rooms/${roomId}`, { name: "Renamed" }),
      await user.post(`/rooms/${roomId}/sessions`, {}),
      await user.delete(`/rooms/${roomId}/agents/cy`),
      await user.delete(`/sessions/${sessionId}`),
      await user.delete(`/rooms/${roomId}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 200, 201, 204, 204, 204]);
  });
  expect(grownTables(scanned)).toEqual({});
});
