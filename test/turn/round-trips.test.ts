import { describe, expect, test } from "vitest";
import type { Answer } from "../support/api.ts";
import { type DatabaseRequest, failing, losingAnswers, watchDatabase } from "../support/database-requests.ts";
import { createTurnFixture, noRows } from "../support/turn-fixture.ts";

const timing = (headers: Headers, name: string) =>
  new RegExp(`${name};desc="(\\d+)"`).exec(headers.get("Server-Timing") ?? "")?.[1];
const dbTrips = (headers: Headers) => timing(headers, "db");

/** Two requests that the answer waited for; the others are checkpoints, which overlap model calls. */
function expectTwoRoundTrips({ headers }: Answer, requests: readonly DatabaseRequest[]): void {
  expect(dbTrips(headers)).toBe("2");
  expect(requests).toHaveLength(2 + Number(timing(headers, "checkpoints")));
}

describe("a turn sends two requests to the database before it answers", () => {
  test.each([1, 2, 3, 4, 5, 6])("with %d agents", async (count) => {
    const keys = Array.from({ length: count }, (_, n) => `agent-${n}`);
    const fixture = await createTurnFixture({ agents: keys });
    await fixture.post("@agent-0 an earlier turn");

    const { result, requests } = await watchDatabase(() =>
      fixture.post(keys.map((key) => `@${key}`).join(" ")),
    );

    expect(result.body.status).toBe("completed");
    expectTwoRoundTrips(result, requests);
  });

  test.each(["roundtable", "orchestrator"] as const)("in mode %s", async (mode) => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode });
    const { result, requests } = await watchDatabase(() => fixture.post("hello"));
    expect(result.status).toBe(201);
    expectTwoRoundTrips(result, requests);
  });

  test("also in a new room with a pending mode, with a key, and where an agent fails", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script({ match: { call: 1 }, answer: { status: 400 } });
    await fixture.api.as(fixture.owner).patch(`/rooms/${fixture.roomId}/mode`, { mode: "tag" });

    const { result, requests } = await watchDatabase(() => fixture.post("@ada @bob hello", { key: "k" }));

    expect(result.body).toMatchObject({ status: "partial", mode: "tag" });
    expectTwoRoundTrips(result, requests);
  });
});

test("Server-Timing has the times of the turn", async () => {
  const fixture = await createTurnFixture();
  const { headers } = await fixture.post("@ada hello");
  expect(headers.get("Server-Timing")).toMatch(
    /^open;dur=\d+, model;dur=\d+, tools;dur=0, commit;dur=\d+, total;dur=\d+, db;desc="2", checkpoints;desc="0"$/,
  );
});

describe("where the answer of the database is lost", () => {
  test("on open: the request is repeated, finds its own claim, and the turn is made once", async () => {
    const fixture = await createTurnFixture();

    const { result, requests } = await watchDatabase(
      () => fixture.post("@ada hello", { key: "k" }),
      losingAnswers(1),
    );

    expect(result).toMatchObject({ status: 201, body: { turn_index: 1, status: "completed" } });
    expect(dbTrips(result.headers)).toBe(String(requests.length));
    expect(await fixture.models.journal()).toHaveLength(1);
    expect(await fixture.rowCounts()).toMatchObject({ turns: 1, turn_runs: 1, llm_call_events: 1 });
    expect(await fixture.claim()).toBeUndefined();
  });

  test("on commit: the request is repeated and finds its own commit", async () => {
    const fixture = await createTurnFixture();

    const { result, requests } = await watchDatabase(() => fixture.post("@ada hello"), losingAnswers(2));

    expect(result).toMatchObject({ status: 201, body: { turn_index: 1, status: "completed" } });
    expect(requests).toHaveLength(4);
    expect(dbTrips(result.headers)).toBe("4");
    expect((await fixture.read(result.body.id)).body).toMatchObject(result.body);
    expect(await fixture.rowCounts()).toMatchObject({
      turns: 1,
      turn_runs: 1,
      messages: 2,
      llm_call_events: 1,
    });
    expect(await fixture.claim()).toBeUndefined();
  });

  test("on every try to commit: the refused checkpoint shows that the turn is stored", async () => {
    const fixture = await createTurnFixture();

    const { result, requests } = await watchDatabase(
      () => fixture.post("@ada hello"),
      losingAnswers(2, 3, 4),
    );

    expect(result).toMatchObject({ status: 201, body: { turn_index: 1, status: "completed" } });
    expect(dbTrips(result.headers)).toBe(String(requests.length));
    expect(await fixture.rowCounts()).toMatchObject({ turns: 1, turn_runs: 1, llm_call_events: 1 });
  });

  test("on all requests from commit on: 503, and the same key returns the stored turn", async () => {
    const fixture = await createTurnFixture();

    const { result } = await watchDatabase(
      () => fixture.post("@ada hello", { key: "k" }),
      losingAnswers(2, 3, 4, 5, 6, 7),
    );
    const again = await fixture.post("@ada hello", { key: "k" });

    expect(result).toMatchObject({ status: 503, body: { code: "commit_failed" } });
    expect(again).toMatchObject({ status: 201, body: { turn_index: 1 } });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await fixture.models.journal()).toHaveLength(1);
    expect(await fixture.ledger()).toHaveLength(1);
  });
});

describe("where a request does not reach the database", () => {
  test("on open: it is repeated", async () => {
    const fixture = await createTurnFixture();
    const { result } = await watchDatabase(() => fixture.post("@ada hello"), failing(1, 2));
    expect(result).toMatchObject({ status: 201, body: { turn_index: 1 } });
    expect(dbTrips(result.headers)).toBe("4");
  });

  test("on commit: it is repeated", async () => {
    const fixture = await createTurnFixture();
    const { result } = await watchDatabase(() => fixture.post("@ada hello"), failing(2, 3));
    expect(result).toMatchObject({ status: 201, body: { turn_index: 1 } });
    expect(dbTrips(result.headers)).toBe("4");
    expect(await fixture.rowCounts()).toMatchObject({ turns: 1, messages: 2, llm_call_events: 1 });
  });

  test("on open, in every try: 503, and nothing happened", async () => {
    const fixture = await createTurnFixture();
    const { result } = await watchDatabase(() => fixture.post("@ada hello"), failing(1, 2, 3));
    expect(result).toMatchObject({ status: 503, body: { code: "database_unavailable" } });
    expect(await fixture.models.journal()).toEqual([]);
    expect(await fixture.claim()).toBeUndefined();
  });

  test("on commit, in every try: 503, the claim stays and nothing is stored in part", async () => {
    const fixture = await createTurnFixture();
    const { result } = await watchDatabase(() => fixture.post("@ada hello"), failing(2, 3, 4));
    expect(result).toMatchObject({ status: 503, body: { code: "commit_failed" } });
    // The holder reports what it spent, and nothing else.
    expect(await fixture.rowCounts()).toEqual({ ...noRows, llm_call_events: 1 });
    expect(await fixture.claim()).toBeDefined();
  });
});
