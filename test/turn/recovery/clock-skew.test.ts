import { afterEach, describe, expect, test, vi } from "vitest";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { createToolFixture, searchesFor } from "../../tools/in-turns/tool-fixture.ts";
import { answersStored, expireLease, listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

const aheadMs = 45_000;

/** Puts this isolate's clock ahead of the database's, as that of another Worker may be. */
function setClockAhead(): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + aheadMs });
}

afterEach(() => {
  vi.useRealTimers();
});

/** A first holder whose clock is ahead stores ada's answer, a second one with the right time bob's. */
async function storeTwoAnswers(fixture: TurnFixture) {
  await fixture.models.script(
    says("bob", { text: "lost", hold: "gate" }, 1),
    says("cy", { text: "lost too", hold: "gate" }, 1),
    says("bob", "two"),
    says("cy", "three"),
    says("ada", "one"),
  );
  setClockAhead();
  const first = fixture.post("hello", { key: "k" });
  await fixture.models.wait({ calls: 2 });
  await answersStored(fixture, { steps: 1 });
  vi.useRealTimers();
  await expireLease(fixture);
  const second = fixture.post("hello", { key: "k" });
  await fixture.models.wait({ calls: 4 });
  await answersStored(fixture, { steps: 2 });
  await expireLease(fixture);
  return { first, second };
}

const textsOf = (body: { replies: { content: string }[] }) => body.replies.map(({ content }) => content);

describe("a run whose first holder's clock is ahead", () => {
  test("is resumed from its latest checkpoint: answers that the second holder stored are not asked again", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    const { first, second } = await storeTwoAnswers(fixture);

    const third = await fixture.post("hello", { key: "k" });
    const askedByAll = await listCallers(fixture);
    await fixture.models.release("gate");

    expect([(await first).status, (await second).status]).toEqual([409, 409]);
    expect(third).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(textsOf(third.body)).toEqual(["one", "two", "three"]);
    expect(askedByAll).toEqual(["ada", "bob", "bob", "cy", "cy"]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("is settled with all stored answers, and keeps its last checkpoint", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    const { first, second } = await storeTwoAnswers(fixture);

    const next = await fixture.post("something else");
    await fixture.models.release("gate");

    expect([(await first).status, (await second).status]).toEqual([409, 409]);
    expect(next.status).toBe(201);
    const [settled] = (await fixture.list()).body.data;
    expect(settled).toMatchObject({ status: "partial", replies: [{}, {}, { status: "failed" }] });
    expect(textsOf(settled).slice(0, 2)).toEqual(["one", "two"]);
    const kept = await fixture.sql`select (metadata ->> 'step')::int as step from checkpoints
      where thread_id = ${settled.id}`;
    expect(kept).toEqual([{ step: 2 }]);
    await expectLedgerMatchesCalls(fixture);
  });
});

/** Whether the session's first turn and the user's message of it have the time at which its claim was opened. */
async function hasTimeOfClaim({ sql, sessionId }: TurnFixture, openedMs: unknown) {
  const [found] = await sql`select t.created_at = m.created_at
      and floor(extract(epoch from t.created_at) * 1000)::text = ${openedMs} as is_it
    from turns t join messages m on m.turn_id = t.id and m.role = 'user'
    where t.session_id = ${sessionId} and t.turn_index = 1`;
  return found?.is_it;
}

/** When the claim was taken, ms since 1970 as text. */
async function openedMsOf({ sql, sessionId }: TurnFixture) {
  const [claim] = await sql`select floor(extract(epoch from opened_at) * 1000)::text as ms
    from turn_claims where session_id = ${sessionId}`;
  return claim?.ms;
}

describe("the time of a turn is when its claim was taken, by the database's clock", () => {
  test("also where the clock of the holder that stores it is ahead", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
    setClockAhead();
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    const openedMs = await openedMsOf(fixture);
    await fixture.models.release("gate");

    expect((await post).status).toBe(201);

    expect(await hasTimeOfClaim(fixture, openedMs)).toBe(true);
  });

  test("and where it is settled much later", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "lost", hold: "gate" }, 1));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    await expireLease(fixture);
    const openedMs = await openedMsOf(fixture);
    setClockAhead();

    expect((await fixture.post("@ada and then")).status).toBe(201);

    expect(await hasTimeOfClaim(fixture, openedMs)).toBe(true);
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
  });
});

test("a retry by a Worker whose clock is behind is ordered after the run before it", async () => {
  const fixture = await createToolFixture({ agents: ["ada", "bob"], mode: "roundtable" });
  await fixture.models.script(
    says("bob", searchesFor("first"), 1),
    says("bob", { status: 400 }, 2),
    says("bob", searchesFor("second"), 3),
    says("bob", "two"),
    says("ada", "one"),
  );
  setClockAhead();
  const { body: failed } = await fixture.post("hello");
  vi.useRealTimers();

  const retried = await fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${failed.id}/retry`);

  const { body: read } = await fixture.read(failed.id);
  expect(retried).toMatchObject({ status: 201, body: { status: "completed" } });
  const [first, second] = [failed.id, read.llm_calls.at(-1).run_id];
  expect(second).not.toBe(first);
  expect(read.tool_calls.map(({ input }: { input: unknown }) => input)).toEqual([
    { query: "first" },
    { query: "second" },
  ]);
  expect(read.audit.map(({ run_id }: { run_id: string }) => run_id)).toEqual([first, first, second]);
  expect(read.llm_calls.map(({ run_id }: { run_id: string }) => run_id)).toEqual([
    ...[first, first],
    ...[second, second],
  ]);
});
