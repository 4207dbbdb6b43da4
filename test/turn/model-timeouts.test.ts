import { describe, expect, test } from "vitest";
import { readEvents } from "../support/event-reader.ts";
import { holdTimers, untilRead } from "../support/held-timers.ts";
import type { ModelAnswer } from "../support/models.ts";
import { createStreamFixture } from "../support/streams.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";
import { answersStored } from "./recovery/support/abandoned-run.ts";

// The clock of these tests goes on while timers are held, so the time after a part is twice as long here.

describe("a model that does not answer fails only its agent", () => {
  const hangs: [string, ModelAnswer, row: object | undefined][] = [
    ["before its headers", { hang: "before_headers" }, { status: "unknown", credits: "0.00000000" }],
    ["after its first word", { deltas: ["word ", "more"], hang: "after_first" }, { status: "failed" }],
    ["at its second try", { status: 503, headers: { "retry-after-ms": "1" } }, undefined],
  ];
  test.each(hangs)("%s", async (_when, answer, row) => {
    const timers = holdTimers();
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(
      says("ada", answer, 1),
      says("ada", { hang: "before_headers" }),
      says("bob", "I am fine."),
    );
    const calls = row === undefined ? 3 : 2;

    const post = fixture.post("@ada @bob hello");
    await answersStored(fixture, { answers: 1 });
    await untilRead(fixture.models, calls - 1);
    await timers.pass(1_000, fixture.sessionId);
    await fixture.models.wait({ calls });
    await timers.pass(2 * 60_000, fixture.sessionId);
    const { body } = await post;

    expect(body.status).toBe("partial");
    expect(body.replies).toMatchObject([
      { status: "failed", error: { code: "model_timeout" } },
      { status: "completed" },
    ]);
    const rows = (await fixture.ledger()).filter(({ agent_key }) => agent_key === "ada");
    expect(rows).toMatchObject([
      { usage_source: "estimated", ...(row ?? { status: "unknown", attempts: 2 }) },
    ]);
    // The call was given up, not left running.
    await fixture.models.wait({ calls, settled: calls });
    expect((await fixture.models.journal()).filter(({ client_closed }) => client_closed)).toHaveLength(1);
  });

  test("the time limit applies to all attempts of a call and the waits between them", async () => {
    const fixture = await createTurnFixture({ settings: { MODEL_CALL_TIMEOUT_MS: "300" } });
    // Without a Retry-After the second attempt begins after 375 ms at the earliest.
    await fixture.models.script(says("ada", { status: 503 }, 1), says("ada", "too late"));

    const timers = holdTimers();
    const post = fixture.post("@ada hello");
    await untilRead(fixture.models, 1);
    await timers.pass(300, fixture.sessionId);
    const { body } = await post;

    expect(body.replies).toMatchObject([{ status: "failed", error: { code: "model_timeout" } }]);
    expect(await fixture.ledger()).toEqual([]);
    expect(await fixture.models.journal()).toHaveLength(1);
  });

  test("the time limit does not end with the first text: an answer that takes longer fails", async () => {
    const timers = holdTimers();
    const fixture = await createStreamFixture(
      {},
      says("ada", { deltas: ["tick ", "tick ", "tick"], hold_after_first: "gate" }),
    );

    const events = readEvents(await fixture.stream("@ada hello"));
    await events.until("TEXT_MESSAGE_CONTENT");
    await timers.pass(2 * 60_000, fixture.sessionId);
    await fixture.models.release("gate");
    await events.until("RUN_FINISHED");

    const [body] = await fixture.turns();
    expect(body?.replies).toMatchObject([{ error: { code: "model_timeout" } }]);
    expect(await fixture.ledger()).toMatchObject([{ status: "failed", usage_source: "estimated" }]);
  });
});

describe("a turn's deadline", () => {
  test("fails the agents that have not answered by then, and the turn is stored", async () => {
    const timers = holdTimers();
    const fixture = await createTurnFixture({
      agents: ["ada", "bob"],
      settings: { TURN_TIMEOUT_MS: "5000" },
    });
    await fixture.models.script(says("ada", "in time"), says("bob", { hang: "before_headers" }));

    const post = fixture.post("@bob @ada hello");
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { answers: 1 });
    await timers.pass(5_000, fixture.sessionId);
    const { status, body } = await post;

    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: "partial",
      replies: [
        { agent_key: "bob", status: "failed", error: { code: "deadline" } },
        { agent_key: "ada", status: "completed", content: "in time" },
      ],
    });
    expect(await fixture.ledger()).toMatchObject([
      { agent_key: "ada", status: "completed" },
      { agent_key: "bob", status: "unknown", credits: "0.00000000" },
    ]);
    await fixture.models.wait({ calls: 2, settled: 2 });
    expect((await fixture.list()).body.data).toEqual([body]);
  });

  test("ends a wait between two attempts of a call too", async () => {
    const timers = holdTimers();
    const fixture = await createTurnFixture({ settings: { TURN_TIMEOUT_MS: "5000" } });
    await fixture.models.script({ answer: { status: 429, headers: { "Retry-After": "20" } } });

    const post = fixture.post("@ada hello");
    await untilRead(fixture.models, 1);
    await timers.pass(5_000, fixture.sessionId);
    const { body } = await post;

    expect(body.replies).toMatchObject([{ status: "failed", error: { code: "deadline" } }]);
    expect(await fixture.models.journal()).toHaveLength(1);
    expect(await fixture.ledger()).toEqual([]);
  });

  test("fails agents that still wait for one of the four calls in flight, without calling them", async () => {
    const keys = ["a", "b", "c", "d", "e", "f"];
    const timers = holdTimers();
    const fixture = await createTurnFixture({ agents: keys, settings: { TURN_TIMEOUT_MS: "5000" } });
    await fixture.models.script({ answer: { hang: "before_headers" } });

    const post = fixture.post(keys.map((key) => `@${key}`).join(" "));
    await fixture.models.wait({ calls: 4 });
    await timers.pass(5_000, fixture.sessionId);
    const { body } = await post;

    expect(body.status).toBe("failed");
    expect(body.replies.map(({ error }: { error: { code: string } }) => error.code)).toEqual(
      Array(6).fill("deadline"),
    );
    expect(await fixture.models.journal()).toHaveLength(4);
    expect(await fixture.ledger()).toHaveLength(4);
  });
});
