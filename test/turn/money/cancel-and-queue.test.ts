import { describe, expect, test } from "vitest";
import { createBusy, queueOf } from "../../support/queue-fixture.ts";
import { loseObject } from "../../support/session-objects.ts";
import {
  createTurnFixture,
  type FixtureOptions,
  says,
  type TurnFixture,
} from "../../support/turn-fixture.ts";
import { answersStored } from "../recovery/support/abandoned-run.ts";
import { insertBudget, readBudget } from "./support.ts";

const usage = { prompt_tokens: 1_000, completion_tokens: 650 };
/** What that usage costs with `deepseek`. */
const cost = "0.10000000";
const nothing = "0.00000000";

const cancel = (fixture: TurnFixture, turnId: string) =>
  fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${turnId}/cancel`);

/** What the ledger says that the session cost. */
async function booked({ sql, sessionId }: TurnFixture): Promise<string> {
  const [row] = await sql`select coalesce(sum(credits), 0)::numeric(28, 8)::text as sum from llm_call_events
    where session_id = ${sessionId}`;
  return row?.sum;
}

describe("a turn that is cancelled in the middle", () => {
  /** A round table under a wallet: its first agent has answered, the call of the second is open. */
  async function startTurn(options: FixtureOptions = {}) {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable", ...options });
    const budget = await insertBudget(fixture.sql, { userId: fixture.owner.userId }, { limit: "5" });
    await fixture.models.script(
      says("ada", { text: "one", usage }),
      says("bob", { text: "late", hold: "gate" }, 1),
    );
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    return { fixture, budget, post, turnId: (await fixture.claim())?.turn_id };
  }

  /** Its hold is gone, and what it cost is spent: the answer, and the call that was cut off. */
  async function expectSettled(fixture: TurnFixture, budget: string) {
    const { spent, held } = await readBudget(fixture.sql, budget);
    expect(held).toBe(nothing);
    expect(spent).toBe(await booked(fixture));
    return Number(spent);
  }

  test("holds nothing any more, and what was cut off is paid", async () => {
    const { fixture, budget, post, turnId } = await startTurn();
    expect(Number((await readBudget(fixture.sql, budget)).held)).toBeGreaterThan(0);

    await cancel(fixture, turnId);
    const { body } = await post;

    expect(body).toMatchObject({ status: "partial" });
    expect(await expectSettled(fixture, budget)).toBeGreaterThan(Number(cost));
    expect(body.credits.spent).toBe(await booked(fixture));
  });

  test("holds nothing any more where its host is gone and the cancel settles it", async () => {
    const { fixture, budget, post, turnId } = await startTurn();
    await loseObject(fixture.sessionId);
    await post;

    await cancel(fixture, turnId);

    // It cannot be known whether the call in flight was billed: its row costs nothing.
    expect(await expectSettled(fixture, budget)).toBe(Number(cost));
  });
});

test("a turn that is cancelled on its way to its host holds nothing any more, and costs nothing", async () => {
  const fixture = await createTurnFixture();
  const budget = await insertBudget(fixture.sql, { userId: fixture.owner.userId }, { limit: "5" });
  const { deps } = fixture.api;
  const hosts = deps.hosts;
  const heldOnTheWay: string[] = [];
  deps.hosts = (sessionId) => {
    const host = hosts(sessionId);
    return {
      ...host,
      async run(handOver) {
        heldOnTheWay.push((await readBudget(fixture.sql, budget)).held);
        await host.cancel({ runId: handOver.run.turn.claim.runId });
        return host.run(handOver);
      },
    };
  };

  const { body } = await fixture.post("@ada hello");

  expect(body).toMatchObject({ status: "failed", replies: [{ error: { code: "cancelled" } }] });
  expect(heldOnTheWay).toEqual(["5.00000000"]);
  expect(await readBudget(fixture.sql, budget)).toEqual({ spent: nothing, held: nothing });
});

describe("a turn that waits in the queue", () => {
  /** A session whose first turn holds all of its wallet. */
  async function createPoor() {
    const fixture = await createTurnFixture();
    const budget = await insertBudget(fixture.sql, { userId: fixture.owner.userId }, { limit: "0.3" });
    await fixture.models.script(
      says("ada", { text: "first", usage, hold: "gate" }, 1),
      says("ada", { text: "later", usage }),
    );
    const queue = queueOf(fixture);
    const running = await queue.add("@ada one");
    await fixture.models.wait({ calls: 1 });
    // The run holds all of it until its first renewal lowers the hold to what its plan can cost.
    await expect
      .poll(async () => (await readBudget(fixture.sql, budget)).held, { timeout: 10_000 })
      .not.toBe("0.30000000");
    return { fixture, budget, queue, running, finish: () => fixture.models.release("gate") };
  }

  test("holds nothing before it is started; started, it is paid from what the turn before has left", async () => {
    const { fixture, budget, queue, finish } = await createPoor();
    const before = await readBudget(fixture.sql, budget);

    const waits = await queue.add("@ada two");

    expect(waits).toMatchObject({ status: 202, body: { status: "queued" } });
    expect(await readBudget(fixture.sql, budget)).toEqual(before);
    await finish();
    await queue.drained();
    expect((await fixture.read(waits.body.id)).body).toMatchObject({ status: "completed" });
    expect(await readBudget(fixture.sql, budget)).toEqual({ spent: "0.20000000", held: nothing });
  });

  test("and is withdrawn costs nothing, and changes nothing of what others hold", async () => {
    const { fixture, budget, queue, finish } = await createPoor();
    const before = await readBudget(fixture.sql, budget);
    const waits = await queue.add("@ada two");

    expect(await cancel(fixture, waits.body.id)).toMatchObject({ body: { status: "cancelled" } });

    expect(await readBudget(fixture.sql, budget)).toEqual(before);
    await finish();
    await queue.drained();
    expect(await readBudget(fixture.sql, budget)).toEqual({ spent: cost, held: nothing });
  });

  test("and is refused once it has its claim holds nothing any more", async () => {
    const { fixture, queue, finish } = await createBusy();
    const waits = await queue.add("nobody is tagged");
    const budget = await insertBudget(fixture.sql, { roomId: fixture.roomId }, { limit: "5" });
    await finish();
    await queue.drained();
    expect((await fixture.read(waits.body.id)).body).toMatchObject({
      status: "refused",
      problem: { code: "no_valid_tagged_agents" },
    });
    expect(await readBudget(fixture.sql, budget)).toEqual({ spent: await booked(fixture), held: nothing });
  });

  test("and interrupts is opened after the cancelled turn is settled: what that held is free", async () => {
    const { fixture, budget, running } = await createPoor();
    expect(Number((await readBudget(fixture.sql, budget)).held)).toBeGreaterThan(0.2);

    const answer = await fixture.api
      .as(fixture.owner)
      .post(fixture.turnsPath, { message: "@ada now", when_busy: "interrupt" });

    expect(answer).toMatchObject({ status: 201, body: { status: "completed" } });
    expect((await fixture.read(running.body.id)).body).toMatchObject({ status: "failed" });
    expect(await readBudget(fixture.sql, budget)).toEqual({ spent: await booked(fixture), held: nothing });
  });
});
