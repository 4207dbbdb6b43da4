import { describe, expect, test } from "vitest";
import type { ModelAnswer } from "../support/models.ts";
import { createTurnScene, says } from "../support/turn-scene.ts";

describe("a model that hangs fails its agent alone", () => {
  const hangs: [string, ModelAnswer, row: object | undefined][] = [
    ["before its headers", { hang: "before_headers" }, { status: "unknown", credits: "0.00000000" }],
    ["after its first word", { deltas: ["word ", "more"], hang: "after_first" }, { status: "failed" }],
    ["at its second try", { status: 503, headers: { "retry-after-ms": "1" } }, undefined],
  ];
  test.each(hangs)("%s", async (_when, answer, row) => {
    const scene = await createTurnScene({
      agents: ["ada", "bob"],
      settings: { MODEL_CALL_TIMEOUT_MS: "300" },
    });
    await scene.models.script(
      says("ada", answer, 1),
      says("ada", { hang: "before_headers" }),
      says("bob", "I am fine."),
    );

    const { body } = await scene.post("@ada @bob hello");

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
    const calls = row === undefined ? 3 : 2;
    await scene.models.wait({ calls, settled: calls });
    expect((await scene.models.journal()).filter(({ client_closed }) => client_closed)).toHaveLength(1);
  });

  test("the time is over all attempts of a call, waits between them included", async () => {
    const scene = await createTurnScene({ settings: { MODEL_CALL_TIMEOUT_MS: "300" } });
    // Without a Retry-After the second attempt begins after 375 ms at the earliest.
    await scene.models.script(says("ada", { status: 503 }, 1), says("ada", "too late"));

    const { body } = await scene.post("@ada hello");

    expect(body.replies).toMatchObject([{ status: "failed", error: { code: "model_timeout" } }]);
    expect(await scene.ledger()).toEqual([]);
    expect(await scene.models.journal()).toHaveLength(1);
  });

  test("the time does not end with the first word: an answer that takes longer fails", async () => {
    const scene = await createTurnScene({ settings: { MODEL_CALL_TIMEOUT_MS: "300" } });
    const deltas = Array.from({ length: 100 }, () => "tick ");
    await scene.models.script(says("ada", { deltas, delta_delay_ms: 20 }));

    const { body } = await scene.post("@ada hello");

    expect(body.replies).toMatchObject([{ error: { code: "model_timeout" } }]);
    expect(await scene.ledger()).toMatchObject([{ status: "failed", usage_source: "estimated" }]);
  });
});

describe("a turn's deadline", () => {
  test("fails the agents that have not answered by then, and the turn is stored", async () => {
    const scene = await createTurnScene({ agents: ["ada", "bob"], settings: { TURN_TIMEOUT_MS: "400" } });
    await scene.models.script(says("ada", "in time"), says("bob", { hang: "before_headers" }));

    const { status, body } = await scene.post("@bob @ada hello");

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
    const scene = await createTurnScene({ settings: { TURN_TIMEOUT_MS: "300" } });
    await scene.models.script({ answer: { status: 429, headers: { "Retry-After": "20" } } });

    const { body } = await scene.post("@ada hello");

    expect(body.replies).toMatchObject([{ status: "failed", error: { code: "deadline" } }]);
    expect(await scene.models.journal()).toHaveLength(1);
    expect(await scene.ledger()).toEqual([]);
  });

  test("fails agents that still wait for their place among the four, without a call", async () => {
    const keys = ["a", "b", "c", "d", "e", "f"];
    const scene = await createTurnScene({ agents: keys, settings: { TURN_TIMEOUT_MS: "400" } });
    await scene.models.script({ answer: { hang: "before_headers" } });

    const { body } = await scene.post(keys.map((key) => `@${key}`).join(" "));

    expect(body.status).toBe("failed");
    expect(body.replies.map(({ error }: { error: { code: string } }) => error.code)).toEqual(
      Array(6).fill("deadline"),
    );
    expect(await scene.models.journal()).toHaveLength(4);
    expect(await scene.ledger()).toHaveLength(4);
  });
});
