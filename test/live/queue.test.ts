import { describe, expect, test } from "vitest";
import { mintToken } from "../support/api.ts";
import { readEvents } from "../support/event-reader.ts";
import { createBusy, queueOf } from "../support/queue-fixture.ts";
import { loseObject, passAlarm } from "../support/session-objects.ts";
import { createTurnFixture, noRows, says, type TurnFixture } from "../support/turn-fixture.ts";
import { insertBudget } from "../turn/money/support.ts";
import { endLease } from "../turn/recovery/support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "../turn/recovery/support/ledger-check.ts";

const conflict = { status: 409, body: { code: "turn_conflict" } };

describe("a post to the queue", () => {
  test("of a free session runs at once: 202, where the turn is and its events", async () => {
    const { fixture, running, finish, queue } = await createBusy();
    const { id } = running.body;

    expect(running).toMatchObject({
      status: 202,
      body: {
        session_id: fixture.sessionId,
        status: "running",
        turn_index: 1,
        position: null,
        problem: null,
      },
    });
    const path = `/api/v1${fixture.turnsPath}/${id}`;
    expect(running.headers.get("Location")).toBe(path);
    expect(running.headers.get("Link")).toBe(`<${path}/events>; rel="monitor"; type="text/event-stream"`);

    await finish();
    await queue.drained();
    expect((await fixture.read(id)).body).toMatchObject({ status: "completed", user_input: "@ada one" });
  });

  test("of a busy session waits, and ten turns run in the order of their posts", async () => {
    const { fixture, queue, finish } = await createBusy();
    const messages = Array.from({ length: 10 }, (_, n) => `@ada ${n + 2}`);

    const added = [];
    for (const message of messages) added.push(await queue.add(message));

    expect(added.map(({ status, body }) => [status, body.status, body.position])).toEqual(
      messages.map((_, n) => [202, "queued", n + 1]),
    );
    expect((await queue.list()).map(({ user_input }: { user_input: string }) => user_input)).toEqual(
      messages,
    );
    const third = added[2]?.body.id;
    expect((await fixture.read(third)).body).toMatchObject({ id: third, status: "queued", position: 3 });
    expect(await queue.add("@ada the eleventh")).toMatchObject({ status: 409, body: { code: "queue_full" } });
    expect(await fixture.post("@ada directly")).toMatchObject(conflict);

    await finish();
    await queue.drained();
    expect(await queue.inputs()).toEqual(["@ada one", ...messages]);
    expect((await fixture.read(third)).body).toMatchObject({ id: third, status: "completed", turn_index: 4 });
    expect(await queue.list()).toEqual([]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("that would be refused in a free session is refused, and nothing is stored of it", async () => {
    const fixture = await createTurnFixture();
    const { add } = queueOf(fixture);
    expect(await add("nobody")).toMatchObject({ status: 422, body: { code: "no_valid_tagged_agents" } });
    expect(await fixture.rowCounts()).toEqual(noRows);
    expect(await fixture.sql`select 1 from queued_turns where session_id = ${fixture.sessionId}`).toEqual([]);
  });

  test("under the key of a turn that waits is given that turn; so is a plain post", async () => {
    const { fixture, queue, finish } = await createBusy();
    const first = await queue.add("@ada two", "k");

    const again = await queue.add("@ada two", "k");
    expect(again.body).toEqual(first.body);
    expect(await queue.add("@ada another", "k")).toMatchObject({
      status: 422,
      body: { code: "idempotency_key_reused" },
    });
    const joined = fixture.post("@ada two", { key: "k" });
    await finish();

    expect(await joined).toMatchObject({ status: 201, body: { id: first.body.id, turn_index: 2 } });
    expect(await queue.add("@ada two", "k")).toMatchObject({
      status: 202,
      body: { id: first.body.id, status: "completed" },
    });
    expect(await fixture.models.journal()).toHaveLength(2);
  });

  test("twenty times under one key at once is one turn", async () => {
    const { fixture, queue, finish } = await createBusy();
    const added = await Promise.all(Array.from({ length: 20 }, () => queue.add("@ada two", "k")));
    await finish();
    await queue.drained();
    expect(new Set(added.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    expect(await queue.inputs()).toEqual(["@ada one", "@ada two"]);
    expect(await fixture.models.journal()).toHaveLength(2);
  });
});

describe("a turn that waits", () => {
  test("runs with the mode and roster of the moment at which it starts", async () => {
    const { fixture, queue, finish } = await createBusy();
    const { body } = await queue.add("to all");
    await fixture.api.as(fixture.owner).patch(`/rooms/${fixture.roomId}/mode`, { mode: "roundtable" });
    await finish();
    await queue.drained();
    expect((await fixture.read(body.id)).body).toMatchObject({ status: "completed", mode: "roundtable" });
  });

  test("that is refused as it starts keeps its problem, under its key too, and the next one runs", async () => {
    const { fixture, queue, finish } = await createBusy();
    const refused = await queue.add("nobody is tagged", "k");
    const joined = fixture.post("nobody is tagged", { key: "k" });
    await queue.add("@ada three");
    await finish();
    await queue.drained();

    const problem = { code: "no_valid_tagged_agents", status: 422 };
    expect(await joined).toMatchObject({ status: 422, body: { code: problem.code } });
    expect((await fixture.read(refused.body.id)).body).toMatchObject({ status: "refused", problem });
    expect(await queue.add("nobody is tagged", "k")).toMatchObject({
      status: 202,
      body: { status: "refused", problem },
    });
    const { api, owner, turnsPath } = fixture;
    expect(await api.as(owner).get(`${turnsPath}/${refused.body.id}/events`)).toMatchObject({ status: 422 });
    expect(await queue.inputs()).toEqual(["@ada one", "@ada three"]);
  });

  test("is refused where its budget is used up as it starts", async () => {
    const { fixture, queue, finish } = await createBusy();
    const waits = await queue.add("@ada two");
    await insertBudget(fixture.sql, { userId: fixture.owner.userId }, { limit: "0" });
    await finish();
    await queue.drained();
    expect((await fixture.read(waits.body.id)).body).toMatchObject({
      status: "refused",
      problem: { code: "budget_exhausted", scope: "user" },
    });
  });

  test("is refused with its session, or its room", async () => {
    for (const kind of ["sessions", "rooms"] as const) {
      const { fixture, queue, finish } = await createBusy();
      const { body } = await queue.add("@ada two");
      const id = kind === "sessions" ? fixture.sessionId : fixture.roomId;
      expect((await fixture.api.as(fixture.owner).delete(`/${kind}/${id}`)).status).toBe(204);
      await finish();
      await queue.drained();
      const [row] =
        await fixture.sql`select status, problem ->> 'code' as code from queued_turns where id = ${body.id}`;
      expect(row).toEqual({ status: "refused", code: "not_found" });
      expect(await fixture.models.journal()).toHaveLength(1);
    }
  });

  test("has events: comments until it starts", async () => {
    const { fixture, queue, finish } = await createBusy();
    const { body } = await queue.add("@ada two");
    const Authorization = `Bearer ${await mintToken({ sub: fixture.owner.userId })}`;
    const path = `/api/v1${fixture.turnsPath}/${body.id}/events`;
    const response = await fixture.api.request(path, { headers: { Authorization } });
    expect(response.status).toBe(200);
    await finish();
    const events = await readEvents(response).all();
    expect(events[0]).toMatchObject({ type: "RUN_STARTED", runId: body.id });
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", result: { user_input: "@ada two" } });
  });

  test("starts by itself where its object has lost its memory, after the run that was lost with it", async () => {
    const { fixture, queue, finish } = await createBusy();
    await queue.add("@ada two");
    await queue.add("@ada three");
    await loseObject(fixture.sessionId);
    await endLease(fixture);
    await finish();

    await passAlarm(fixture.sessionId);
    await queue.drained();

    expect(await queue.inputs()).toEqual(["@ada one", "@ada two", "@ada three"]);
    await expectLedgerMatchesCalls(fixture);
  });
});

describe("a post that interrupts", () => {
  const interrupt = (fixture: TurnFixture, message: string, key = "i") =>
    fixture.api
      .as(fixture.owner)
      .post(fixture.turnsPath, { message, when_busy: "interrupt" }, { headers: { "Idempotency-Key": key } });

  test("ends the running turn, which is stored, and runs before all that wait", async () => {
    const { fixture, queue, running } = await createBusy();
    await queue.add("@ada waits");

    const answer = await interrupt(fixture, "@ada now");

    expect(answer).toMatchObject({ status: 201, body: { user_input: "@ada now", turn_index: 2 } });
    await queue.drained();
    expect(await queue.inputs()).toEqual(["@ada one", "@ada now", "@ada waits"]);
    expect((await fixture.read(running.body.id)).body).toMatchObject({
      status: "failed",
      replies: [{ error: { code: "cancelled" } }],
    });
    await expectLedgerMatchesCalls(fixture);
  });

  test("of a free session runs at once, and under its key again interrupts nothing", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "slowly", hold: "gate" }, 1), says("ada", "later"));
    const first = interrupt(fixture, "@ada now");
    await fixture.models.wait({ calls: 1 });
    const again = interrupt(fixture, "@ada now");
    await fixture.models.release("gate");
    expect((await first).body).toMatchObject({ status: "completed" });
    expect((await again).body.id).toBe((await first).body.id);
    expect(await fixture.models.journal()).toHaveLength(1);
  });
});

test("a turn that waits can be cancelled: it is not started, its key keeps it, and its stream ends", async () => {
  const { fixture, queue, finish } = await createBusy();
  const { body } = await queue.add("@ada two", "k");
  const { api, owner, turnsPath } = fixture;
  const Authorization = `Bearer ${await mintToken({ sub: owner.userId })}`;
  const events = await api.request(`/api/v1${turnsPath}/${body.id}/events`, {
    headers: { Authorization },
  });

  const cancel = () => api.as(owner).post(`${turnsPath}/${body.id}/cancel`, {});
  expect(await cancel()).toMatchObject({ status: 202, body: { turn_id: body.id, status: "cancelled" } });
  expect(await cancel()).toMatchObject({ status: 202, body: { turn_id: body.id, status: "cancelled" } });

  expect(await readEvents(events).all()).toMatchObject([{ type: "RUN_ERROR", code: "turn_cancelled" }]);
  expect((await fixture.read(body.id)).body).toMatchObject({ status: "cancelled", problem: null });
  expect(await fixture.post("@ada two", { key: "k" })).toMatchObject({
    status: 409,
    body: { code: "turn_cancelled" },
  });
  await finish();
  await queue.drained();
  expect(await queue.inputs()).toEqual(["@ada one"]);
});

describe("a post that waits for its turn longer than JSON_WAIT_MS", () => {
  const settings = { JSON_WAIT_MS: "1" };

  test("is answered 202, the turn goes on, and its key is told the turn", async () => {
    const fixture = await createTurnFixture({ settings });
    await fixture.models.script(says("ada", { text: "slowly", hold: "gate" }));
    const answer = await fixture.post("@ada hello", { key: "k" });
    expect(answer).toMatchObject({ status: 202, body: { status: "running", turn_index: 1 } });
    expect((await fixture.read(answer.body.id)).body).toEqual(answer.body);
    await fixture.models.release("gate");
    await queueOf(fixture).drained();
    expect((await fixture.read(answer.body.id)).body).toMatchObject({ status: "completed" });
    expect(await fixture.models.journal()).toHaveLength(1);
  });

  test("is answered 202 too where it is a retry", async () => {
    const fixture = await createTurnFixture({ agents: ["ada"] });
    await fixture.models.script(
      says("ada", { status: 400 }, 1),
      says("ada", { text: "again", hold: "gate" }),
    );
    const { body } = await fixture.post("@ada hello");
    fixture.api.deps.settings.jsonWaitMs = 1;
    const { api, owner, turnsPath } = fixture;
    const answer = await api.as(owner).post(`${turnsPath}/${body.id}/retry`, {});
    expect(answer).toMatchObject({ status: 202, body: { id: body.id, status: "running", turn_index: 1 } });
    await fixture.models.release("gate");
    await queueOf(fixture).drained();
  });
});
