import { describe, expect, test } from "vitest";
import { newUser } from "../support/api.ts";
import { firstAnswers } from "../support/first-answers.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

const conflictDetail = "Turn creation conflicted with concurrent writes. Please retry.";

describe("20 posts at once on one session", () => {
  test("are one turn and 19 conflicts, and the model is called for one turn only", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script({ answer: { text: "hi", hold: "winner" } });

    const posts = Array.from({ length: 20 }, (_, n) => fixture.post(`@ada @bob number ${n}`));
    const losers = await firstAnswers(19, posts);
    await fixture.models.wait({ calls: 2 });
    const claim = await fixture.claim();

    for (const { status, body, headers } of losers) {
      expect(status).toBe(409);
      expect(body).toMatchObject({ code: "turn_conflict", detail: conflictDetail, turn_id: claim?.turn_id });
      // As long as the turn is likely to take, and no longer than its lease.
      expect(Number(headers.get("Retry-After"))).toBeGreaterThan(0);
      expect(Number(headers.get("Retry-After"))).toBeLessThanOrEqual(30);
    }
    await fixture.models.release("winner");
    const answers = await Promise.all(posts);
    const [won, ...rest] = answers.filter(({ status }) => status === 201);
    expect(rest).toEqual([]);
    expect(won?.body).toMatchObject({ id: claim?.turn_id, turn_index: 1, status: "completed" });
    expect(await fixture.models.journal()).toHaveLength(2);
    expect(await fixture.rowCounts()).toMatchObject({
      turns: 1,
      turn_runs: 1,
      messages: 3,
      llm_call_events: 2,
    });
  });

  test("under one key are one turn, which all are given", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "hi", hold: "winner" }));

    const posts = Array.from({ length: 20 }, () => fixture.post("@ada hello", { key: "one" }));
    await fixture.models.wait({ calls: 1 });
    await fixture.models.release("winner");
    const answers = await Promise.all(posts);

    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await fixture.models.journal()).toHaveLength(1);
  });
});

test("turns posted one after another are numbered without a gap", async () => {
  const fixture = await createTurnFixture();
  const indexes = [];
  for (const message of ["@ada one", "@ada two", "@ada three"]) {
    indexes.push((await fixture.post(message)).body.turn_index);
  }
  expect(indexes).toEqual([1, 2, 3]);
});

test("concurrent posts on one session give turns without a gap, and no call is paid for twice", async () => {
  const fixture = await createTurnFixture();
  const postUntilStored = async (message: string): Promise<number> => {
    const { status, body } = await fixture.post(message);
    return status === 409 ? postUntilStored(message) : body.turn_index;
  };

  const indexes = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => postUntilStored(`@ada ${n}`)));

  expect(indexes.sort()).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await fixture.models.journal()).toHaveLength(6);
  expect(await fixture.ledger()).toHaveLength(6);
});

describe("a running turn", () => {
  test("is `running` for its owner and does not exist for other users", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    const turnId = (await fixture.claim())?.turn_id;

    const running = await fixture.read(turnId);
    expect(running.status).toBe(200);
    expect(running.body).toEqual({
      id: turnId,
      session_id: fixture.sessionId,
      turn_index: 1,
      status: "running",
      position: null,
      problem: null,
    });
    const stranger = newUser();
    const withoutRequestId = ({ request_id: _, ...body }: Record<string, unknown>) => body;
    const [theirs, nobodys] = [
      await fixture.read(turnId, stranger),
      await fixture.read(crypto.randomUUID(), stranger),
    ];
    expect(theirs.status).toBe(404);
    expect(withoutRequestId(theirs.body)).toEqual(withoutRequestId(nobodys.body));
    expect((await fixture.post("@ada hello", { user: stranger })).status).toBe(404);
    expect((await fixture.list()).body.data).toEqual([]);

    await fixture.models.release("gate");
    expect((await post).body.id).toBe(turnId);
    expect((await fixture.read(turnId)).body.status).toBe("completed");
    expect((await fixture.read(turnId, stranger)).status).toBe(404);
  });

  test("does not delay a turn of another session", async () => {
    const [slow, quick] = [await createTurnFixture(), await createTurnFixture()];
    await slow.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = slow.post("@ada hello");
    await slow.models.wait({ calls: 1 });

    expect((await quick.post("@ada hello")).status).toBe(201);

    await slow.models.release("gate");
    expect((await post).status).toBe(201);
  });
});
