import { describe, expect, test } from "vitest";
import { readEvents } from "../support/event-reader.ts";
import { holdTimers, untilRead } from "../support/held-timers.ts";
import type { ModelAnswer } from "../support/models.ts";
import { createStreamScene } from "../support/streams.ts";
import { createTurnScene, says } from "../support/turn-scene.ts";
import { flushed } from "./recovery/support/dead-holder.ts";

describe("a model that hangs fails its agent alone", () => {
  const hangs: [string, ModelAnswer, row: object | undefined][] = [
    ["before its headers", { hang: "before_headers" }, { status: "unknown", credits: "0.00000000" }],
    ["after its first word", { deltas: ["word ", "more"], hang: "after_first" }, { status: "failed" }],
    ["at its second try", { status: 503, headers: { "retry-after-ms": "1" } }, undefined],
  ];
  test.each(hangs)("%s", async (_when, answer, row) => {
    const timers = holdTimers();
    const scene = await createTurnScene({ agents: ["ada", "bob"] });
    await scene.models.script(
      says("ada", answer, 1),
      says("ada", { hang: "before_headers" }),
      says("bob", "I am fine."),
    );
    const calls = row === undefined ? 3 : 2;

    const post = scene.post("@ada @bob hello");
    await flushed(scene, { answers: 1 });
    await untilRead(scene.models, calls - 1);
    await timers.pass(1_000);
    await scene.models.wait({ calls });
    await timers.pass(60_000);
    const { body } = await post;

    expect(body.status).toBe("partial");
    expect(body.replies).toMatchObject([
      { status: "failed", error: { code: "model_timeout" } },
      { status: "completed" },
    ]);
    const rows = (await scene.ledger()).filter(({ agent_key }) => agent_key === "ada");
    expect(rows).toMatchObject([
      { usage_source: "estimated", ...(row ?? { status: "unknown", attempts: 2 }) },
    ]);
    // The call was given up, not left running.
    await scene.models.wait({ calls, settled: calls });
    expect((await scene.models.journal()).filter(({ client_closed }) => client_closed)).toHaveLength(1);
  });

  test("the time is over all attempts of a call, waits between them included", async () => {
    const scene = await createTurnScene({ settings: { MODEL_CALL_TIMEOUT_MS: "300" } });
    // Without a Retry-After the second attempt begins after 375 ms at the earliest.
    await scene.models.script(says("ada", { status: 503 }, 1), says("ada", "too late"));

    const timers = holdTimers();
    const post = scene.post("@ada hello");
    await untilRead(scene.models, 1);
    await timers.pass(300);
    const { body } = await post;

    expect(body.replies).toMatchObject([{ status: "failed", error: { code: "model_timeout" } }]);
    expect(await scene.ledger()).toEqual([]);
    expect(await scene.models.journal()).toHaveLength(1);
  });

  test("the time does not end with the first word: an answer that takes longer fails", async () => {
    const timers = holdTimers();
    const scene = await createStreamScene(
      {},
      says("ada", { deltas: ["tick ", "tick ", "tick"], hold_after_first: "gate" }),
    );

    const told = readEvents(await scene.stream("@ada hello"));
    await told.until("TEXT_MESSAGE_CONTENT");
    await timers.pass(60_000);
    await scene.models.release("gate");
    await told.until("RUN_FINISHED");

    const [body] = await scene.turns();
    expect(body?.replies).toMatchObject([{ error: { code: "model_timeout" } }]);
    expect(await scene.ledger()).toMatchObject([{ status: "failed", usage_source: "estimated" }]);
  });
});

describe("a turn's deadline", () => {
  test("fails the agents that have not answered by then, and the turn is stored", async () => {
    const timers = holdTimers();
    const scene = await createTurnScene({ agents: ["ada", "bob"], settings: { TURN_TIMEOUT_MS: "5000" } });
    await scene.models.script(says("ada", "in time"), says("bob", { hang: "before_headers" }));

    const post = scene.post("@bob @ada hello");
    await scene.models.wait({ calls: 2 });
    await flushed(scene, { answers: 1 });
    await timers.pass(5_000);
    const { status, body } = await post;

    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: "partial",
      replies: [
        { agent_key: "bob", status: "failed", error: { code: "deadline" } },
        { agent_key: "ada", status: "completed", content: "in time" },
      ],
    });
    expect(await scene.ledger()).toMatchObject([
      { agent_key: "ada", status: "completed" },
      { agent_key: "bob", status: "unknown", credits: "0.00000000" },
    ]);
    await scene.models.wait({ calls: 2, settled: 2 });
    expect((await scene.list()).body.data).toEqual([body]);
  });

  test("ends a wait between two attempts of a call too", async () => {
    const timers = holdTimers();
    const scene = await createTurnScene({ settings: { TURN_TIMEOUT_MS: "5000" } });
    await scene.models.script({ answer: { status: 429, headers: { "Retry-After": "20" } } });

    const post = scene.post("@ada hello");
    await untilRead(scene.models, 1);
    await timers.pass(5_000);
    const { body } = await post;

    expect(body.replies).toMatchObject([{ status: "failed", error: { code: "deadline" } }]);
    expect(await scene.models.journal()).toHaveLength(1);
    expect(await scene.ledger()).toEqual([]);
  });

  test("fails agents that still wait for their place among the four, without a call", async () => {
    const keys = ["a", "b", "c", "d", "e", "f"];
    const timers = holdTimers();
    const scene = await createTurnScene({ agents: keys, settings: { TURN_TIMEOUT_MS: "5000" } });
    await scene.models.script({ answer: { hang: "before_headers" } });

    const post = scene.post(keys.map((key) => `@${key}`).join(" "));
    await scene.models.wait({ calls: 4 });
    await timers.pass(5_000);
    const { body } = await post;

    expect(body.status).toBe("failed");
    expect(body.replies.map(({ error }: { error: { code: string } }) => error.code)).toEqual(
      Array(6).fill("deadline"),
    );
    expect(await scene.models.journal()).toHaveLength(4);
    expect(await scene.ledger()).toHaveLength(4);
  });
});
