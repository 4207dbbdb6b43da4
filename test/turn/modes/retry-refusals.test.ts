import { describe, expect, test } from "vitest";
import { turnBounds } from "../../../src/domain/turn/turn-limiter.ts";
import { mintToken, newUser } from "../../support/api.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { retry, runsOf } from "./support/retry-fixture.ts";

/** A turn of two agents of whom the second failed; from now on everybody answers. */
async function createPartialTurn() {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
  await fixture.models.script(says("bob", { status: 400 }));
  const { body: first } = await fixture.post("@ada @bob hello", { key: "turn-key" });
  await fixture.models.script();
  return { fixture, first };
}

async function expectUntouched(fixture: TurnFixture, first: { id: string }): Promise<void> {
  expect(await fixture.models.journal()).toHaveLength(2);
  expect(await runsOf(fixture)).toHaveLength(1);
  expect(await fixture.claim()).toBeUndefined();
  expect((await fixture.read(first.id)).body).toMatchObject(first);
}

describe("a retry is refused", () => {
  test("where the turn is not the session's latest: 409 not_latest_turn", async () => {
    const { fixture, first } = await createPartialTurn();
    await fixture.post("@ada next");
    expect(await retry(fixture, first.id)).toMatchObject({ status: 409, body: { code: "not_latest_turn" } });
    expect(await fixture.models.journal()).toHaveLength(3);
    expect(await fixture.claim()).toBeUndefined();
  });

  test("where no agent of the turn failed: 409 nothing_to_retry", async () => {
    const fixture = await createTurnFixture();
    const { body } = await fixture.post("@ada hello");
    expect(await retry(fixture, body.id)).toMatchObject({ status: 409, body: { code: "nothing_to_retry" } });
    expect(await fixture.models.journal()).toHaveLength(1);
    expect(await fixture.claim()).toBeUndefined();
  });

  test("where the turn had 16 runs: 409 too_many_retries; an earlier retry still returns its stored turn", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { status: 400 }));
    const { body: first } = await fixture.post("@ada hello");
    const { maxRuns } = turnBounds;
    for (let run = 2; run <= maxRuns; run += 1) {
      const answer = await retry(fixture, first.id, { key: `run ${run}` });
      expect(answer).toMatchObject({ status: 201, body: { status: "failed" } });
    }
    const over = { status: 409, body: { code: "too_many_retries" } };

    expect(await retry(fixture, first.id)).toMatchObject(over);
    expect(await retry(fixture, first.id, { key: "one more" })).toMatchObject(over);

    const again = await retry(fixture, first.id, { key: `run ${maxRuns}` });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await runsOf(fixture)).toHaveLength(maxRuns);
    expect(await fixture.models.journal()).toHaveLength(maxRuns);
    expect(await fixture.claim()).toBeUndefined();
    expect((await fixture.post("@ada next")).status).toBe(201);
  });

  test.each(["a stranger's", "another session's", "no turn at all", "no id", "in a deleted session"])(
    "where the caller has no such turn (%s): 404",
    async (which) => {
      const { fixture, first } = await createPartialTurn();
      const other = await createTurnFixture();
      const { body: elsewhere } = await other.post("@ada hello");
      if (which === "in a deleted session") {
        await fixture.sql`update sessions set deleted_at = now() where id = ${fixture.sessionId}`;
      }
      const ids: Record<string, string> = {
        "another session's": elsewhere.id,
        "no turn at all": crypto.randomUUID(),
        "no id": "nonsense",
      };
      const user = which === "a stranger's" ? newUser() : fixture.owner;

      const answer = await retry(fixture, ids[which] ?? first.id, { user });

      expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
      expect(await fixture.models.journal()).toHaveLength(2);
      expect(await fixture.claim()).toBeUndefined();
    },
  );

  test("where the body has a field, or the key cannot be used", async () => {
    const { fixture, first } = await createPartialTurn();
    expect(await retry(fixture, first.id, { body: { message: "again" } })).toMatchObject({
      status: 422,
      body: { code: "validation_failed" },
    });
    expect(await retry(fixture, first.id, { key: "" })).toMatchObject({
      status: 400,
      body: { code: "invalid_idempotency_key" },
    });
    await expectUntouched(fixture, first);
  });
});

test.each([
  ["no body", undefined, {}],
  ["an empty object", "{}", { "Content-Type": "application/json" }],
  ["nothing, though it names a type", "", { "Content-Type": "application/json" }],
])("a retry accepts %s", async (_what, body, headers) => {
  const { fixture, first } = await createPartialTurn();
  const answer = await fixture.api.send("POST", `${fixture.turnsPath}/${first.id}/retry`, {
    headers: { Authorization: `Bearer ${await mintToken({ sub: fixture.owner.userId })}`, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  expect(answer).toMatchObject({ status: 201, body: { status: "completed" } });
});

describe("while a retry runs", () => {
  async function hold() {
    const { fixture, first } = await createPartialTurn();
    await fixture.models.script(says("bob", { text: "at last", hold: "gate" }));
    const running = retry(fixture, first.id, { key: "k" });
    await fixture.models.wait({ calls: 3 });
    const finish = async () => {
      await fixture.models.release("gate");
      return running;
    };
    return { fixture, first, finish };
  }

  test("its turn is read as it is stored, and marked as being retried", async () => {
    const { fixture, first, finish } = await hold();

    const during = (await fixture.read(first.id)).body;
    const after = await finish();

    expect(during).toMatchObject({ ...first, retrying: true });
    expect(after.body.status).toBe("completed");
    const later = (await fixture.read(first.id)).body;
    expect(later).toMatchObject(after.body);
    expect(later).not.toHaveProperty("retrying");
  });

  test("another post or another retry is 409 turn_conflict, and no model is called", async () => {
    const { fixture, first, finish } = await hold();
    const conflict = {
      status: 409,
      body: {
        code: "turn_conflict",
        detail: "Turn creation conflicted with concurrent writes. Please retry.",
        turn_id: first.id,
      },
    };

    for (const answer of [await fixture.post("@ada another"), await retry(fixture, first.id)]) {
      expect(answer).toMatchObject(conflict);
      expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
    }
    const joined = retry(fixture, first.id, { key: "k" });
    expect((await finish()).status).toBe(201);
    expect((await joined).status).toBe(201);
    expect(await fixture.models.journal()).toHaveLength(3);
  });
});

test("while a turn runs, a retry of the turn before is 409 turn_conflict", async () => {
  const { fixture, first } = await createPartialTurn();
  await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
  const running = fixture.post("@ada next");
  await fixture.models.wait({ calls: 3 });

  const answer = await retry(fixture, first.id);
  await fixture.models.release("gate");

  expect(answer).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
  expect((await running).status).toBe(201);
});

describe("the key of a retry", () => {
  test("sent again returns the stored turn, without a call", async () => {
    const { fixture, first } = await createPartialTurn();
    const once = await retry(fixture, first.id, { key: "k" });

    const again = await retry(fixture, first.id, { key: "k" });

    expect(again).toMatchObject({ status: 201, body: once.body });
    expect(once.headers.get("Idempotency-Replayed")).toBeNull();
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(again.headers.get("Server-Timing")).toContain('db;desc="2"');
    expect(await fixture.models.journal()).toHaveLength(3);
    expect(await runsOf(fixture)).toHaveLength(2);
  });

  test("sent again returns the turn also after another turn", async () => {
    const { fixture, first } = await createPartialTurn();
    const once = await retry(fixture, first.id, { key: "k" });
    await fixture.post("@ada next");

    const again = await retry(fixture, first.id, { key: "k" });
    expect(again).toMatchObject({ status: 201, body: once.body });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
  });

  test("under the key of a turn, or of another turn's retry, is 422", async () => {
    const { fixture, first } = await createPartialTurn();
    const reused = { status: 422, body: { code: "idempotency_key_reused" } };
    expect(await retry(fixture, first.id, { key: "turn-key" })).toMatchObject(reused);
    await retry(fixture, first.id, { key: "k" });
    await fixture.models.script(says("ada", { status: 400 }));
    const { body: second } = await fixture.post("@ada next");

    expect(await retry(fixture, second.id, { key: "k" })).toMatchObject(reused);
    expect(await fixture.post("@ada hello", { key: "k" })).toMatchObject(reused);
    expect(await fixture.claim()).toBeUndefined();
    expect((await retry(fixture, second.id, { key: "another" })).status).toBe(201);
  });

  test("sent by many at once makes one run", async () => {
    const { fixture, first } = await createPartialTurn();

    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => retry(fixture, first.id, { key: "k" })));

    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
    for (const { status, body } of answers) expect([201, 409], body.code).toContain(status);
    expect(await fixture.models.journal()).toHaveLength(3);
    expect(await runsOf(fixture)).toHaveLength(2);
  });
});

test("a retry goes on after its client has disconnected", async () => {
  const kept: Promise<unknown>[] = [];
  const fixture = await createTurnFixture({ deps: { keepAlive: (work) => void kept.push(work) } });
  await fixture.models.script(says("ada", { status: 400 }, 1));
  const { body: first } = await fixture.post("@ada hello");

  const answer = await retry(fixture, first.id);

  expect(answer.body.status).toBe("completed");
  expect(kept).toHaveLength(2);
  await expect(kept[1]).resolves.toMatchObject({ stored: { turn: { id: first.id, status: "completed" } } });
});
