import { expect, test } from "vitest";
import type { ModelAnswer } from "../../../dev/model-server/answer.ts";
import {
  createTurnFixture,
  type FixtureOptions,
  says,
  type TurnFixture,
} from "../../support/turn-fixture.ts";
import { answersStored, expireLease } from "../recovery/support/abandoned-run.ts";
import { callsFor, databaseTrips, titleIs } from "./support/model-calls.ts";

const createTitleFixture = (graceMs = "60000", options: FixtureOptions = {}) =>
  createTurnFixture({ ...options, settings: { SESSION_TITLES: "model", SUMMARY_GRACE_MS: graceMs } });

const titleOfSession = async ({ api, owner, sessionId }: TurnFixture) =>
  (await api.as(owner).get(`/sessions/${sessionId}`)).body.title;
const rename = ({ api, owner, sessionId }: TurnFixture, title: string | null) =>
  api.as(owner).patch(`/sessions/${sessionId}`, { title });
const overheadOf = async (fixture: TurnFixture, turnId: string) =>
  (await fixture.read(turnId)).body.audit[0].overhead_calls;
const titleCalls = async (fixture: TurnFixture) => callsFor(await fixture.models.journal(), "session_title");

const boats = '{"title": "Boats in winter"}';

test("a model makes the title once, beside the first turn; the audit has the call and no bill has it", async () => {
  const fixture = await createTitleFixture();
  const usage = { prompt_tokens: 90, completion_tokens: 9 };
  await fixture.models.script(titleIs({ text: boats, usage }), says("ada", "Hello."));

  const first = await fixture.post("@ada where do boats go?");

  expect(databaseTrips(first.headers)).toBe("2");
  expect(await titleOfSession(fixture)).toBe("Boats in winter");
  expect(await overheadOf(fixture, first.body.id)).toMatchObject([
    { purpose: "session_title", status: "completed", input_tokens_fresh: 90, output_tokens: 9 },
  ]);
  expect(await fixture.ledger()).toMatchObject([{ agent_key: "ada" }]);
  await rename(fixture, null);
  await fixture.post("@ada and then?");
  expect(await titleCalls(fixture)).toMatchObject([{ body: { max_tokens: 512 } }]);
  expect(await titleOfSession(fixture)).toBeNull();
});

test("no model is asked where the session has a title, or where titles by a model are off", async () => {
  const named = await createTitleFixture();
  const off = await createTurnFixture();
  for (const fixture of [named, off]) await fixture.models.script(titleIs(boats), says("ada", "Hello."));
  await rename(named, "Mine");

  await named.post("@ada one");
  await off.post("@ada one");

  expect([await titleOfSession(named), await titleOfSession(off)]).toEqual(["Mine", "@ada one"]);
  expect([...(await titleCalls(named)), ...(await titleCalls(off))]).toEqual([]);
});

test("a title that the user sets while a model makes one stays", async () => {
  const fixture = await createTitleFixture();
  await fixture.models.script(titleIs({ text: boats, hold: "gate" }), says("ada", "Hello."));
  const post = fixture.post("@ada one");
  await fixture.models.wait({ calls: 2 });
  await rename(fixture, "Mine");
  await fixture.models.release("gate");
  expect((await post).body.status).toBe("completed");
  expect(await titleOfSession(fixture)).toBe("Mine");
});

test.each<[string, ModelAnswer, object[]]>([
  ["fails", { status: 400 }, []],
  ["breaks the contract", { text: "Boats in winter" }, [{ status: "completed" }]],
  ["runs past its tokens", { text: boats, finish_reason: "length" }, [{ purpose: "session_title" }]],
])("a title call that %s costs no answer: the first line is the title", async (_how, answer, overhead) => {
  const fixture = await createTitleFixture();
  await fixture.models.script(titleIs(answer), says("ada", "Hello."));
  const { body } = await fixture.post("@ada one\ntwo");
  expect(body).toMatchObject({ status: "completed", replies: [{ content: "Hello." }] });
  expect(await titleOfSession(fixture)).toBe("@ada one");
  expect(await overheadOf(fixture, body.id)).toMatchObject(overhead);
  expect(fixture.api.lines.filter(({ level }) => level === "warn")).toMatchObject([
    { event: "title_failed" },
  ]);
});

test("the turn waits only for a limited time for its title: then the call is aborted, and is in the audit", async () => {
  const fixture = await createTitleFixture("50");
  await fixture.models.script(titleIs({ text: boats, hold: "never" }), says("ada", "Hello."));
  const { body } = await fixture.post("@ada one");
  expect(body.status).toBe("completed");
  expect(await titleOfSession(fixture)).toBe("@ada one");
  expect(await overheadOf(fixture, body.id)).toMatchObject([{ purpose: "session_title", status: "unknown" }]);
  await fixture.models.wait({ calls: 2, settled: 2 });
  expect(await titleCalls(fixture)).toMatchObject([{ client_closed: true }]);
});

/**
 * The first turn of a session, whose holder is lost after so many calls, while the second agent answers; the same request goes
 * on with it. The session has no title any more by then.
 */
async function resumeFirstTurn(fixture: TurnFixture, { calls }: { calls: number }) {
  await fixture.models.script(
    titleIs({ text: boats, hold: "gate" }),
    says("ada", "first"),
    says("bob", { text: "late", hold: "gate" }, 1),
    says("bob", "second"),
  );
  const lost = fixture.post("hello", { key: "k" });
  await fixture.models.wait({ calls });
  await answersStored(fixture, { steps: 1 });
  await rename(fixture, null);
  await expireLease(fixture);
  const again = await fixture.post("hello", { key: "k" });
  await fixture.models.release("gate");
  expect((await lost).status).toBe(409);
  expect(again).toMatchObject({ status: 201, body: { status: "completed" } });
  return again.body;
}

const createRoundtable = () => createTitleFixture("60000", { agents: ["ada", "bob"], mode: "roundtable" });

test("a resumed run asks for no second title: the audit has an estimate of the first holder's call", async () => {
  const fixture = await createRoundtable();
  const { id } = await resumeFirstTurn(fixture, { calls: 3 });
  expect(await titleOfSession(fixture)).toBe("hello");
  expect(await titleCalls(fixture)).toHaveLength(1);
  const estimate = { purpose: "session_title", status: "unknown" };
  expect(await overheadOf(fixture, id)).toMatchObject([estimate, estimate, estimate]);
});

test("a resumed run whose session had a title as it was opened has no such estimate", async () => {
  const fixture = await createRoundtable();
  await rename(fixture, "Mine");
  const { id } = await resumeFirstTurn(fixture, { calls: 2 });
  expect(await titleCalls(fixture)).toEqual([]);
  expect(await overheadOf(fixture, id)).toEqual([]);
});
