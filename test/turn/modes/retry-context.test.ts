import { describe, expect, test } from "vitest";
import { createSession } from "../../support/api.ts";
import { createTurnScene, says, type TurnScene } from "../../support/turn-scene.ts";
import { askedOf, callsFor, conversationIn, summaryTextIs } from "./support/asked.ts";
import { storedSummaries } from "./support/history.ts";
import { retry } from "./support/retry-scene.ts";
import { textOf, tinySettings } from "./support/small-model.ts";
import { createSummaryScene, talk } from "./support/summary-scene.ts";

const client = ({ api, owner }: TurnScene) => api.as(owner);

test("a retry runs in the turn's own mode and consumes no pending one", async () => {
  const scene = await createTurnScene({ agents: ["ada", "bob"], mode: "roundtable" });
  await scene.models.script(says("bob", { status: 400 }));
  const { body: first } = await scene.post("hello");
  await client(scene).patch(`/rooms/${scene.roomId}/mode`, { mode: "tag" });
  await scene.models.script();

  const { body } = await retry(scene, first.id);

  expect(body).toMatchObject({ mode: "roundtable", status: "completed", model_alias_used: "roundtable" });
  expect((await client(scene).get(`/rooms/${scene.roomId}`)).body).toMatchObject({
    current_mode: "roundtable",
    pending_mode: "tag",
  });
});

test("a retry asks an agent by its own model: an override is of the request that had it", async () => {
  const scene = await createTurnScene({ agents: [{ key: "ada", modelAlias: "qwen" }] });
  await scene.models.script(says("ada", { status: 400 }));
  const { body: first } = await scene.post("@ada hello", { modelAliasOverride: "llama" });
  await scene.models.script();

  const { body } = await retry(scene, first.id);

  expect([first.model_alias_used, body.model_alias_used]).toEqual(["llama", "qwen"]);
  const models = (await scene.models.journal()).map(({ model }) => model);
  expect(models).toEqual(["meta-llama/llama-4-scout", "qwen/qwen3-235b-a22b"]);
});

test("a retry leaves a pending mode to the next turn, even where it is the retried turn's own", async () => {
  const scene = await createTurnScene({ agents: ["ada"], mode: "roundtable" });
  await scene.models.script(says("ada", { status: 400 }));
  const { body: first } = await scene.post("hello");
  const switchMode = (mode: string) => client(scene).patch(`/rooms/${scene.roomId}/mode`, { mode });
  await scene.models.script();
  // A turn of another session of the room takes it to another mode, from which it is to go back.
  await switchMode("tag");
  const { id: otherSession } = await createSession(scene.api, scene.owner, scene.roomId);
  const other = await client(scene).post(`/sessions/${otherSession}/turns`, { message: "@ada hello" });
  await switchMode("roundtable");

  const { body } = await retry(scene, first.id);

  expect([other.body.mode, body.mode, body.status]).toEqual(["tag", "roundtable", "completed"]);
  expect((await client(scene).get(`/rooms/${scene.roomId}`)).body).toMatchObject({
    current_mode: "tag",
    pending_mode: "roundtable",
  });
});

test("a retry sees role, model and goal as they are now, and the conversation before the turn", async () => {
  const scene = await createTurnScene({ agents: ["ada"], goal: "Old goal" });
  await scene.post("@ada the turn before");
  await scene.models.script(says("ada", { status: 400 }));
  const { body: first } = await scene.post("@ada hello");
  await client(scene).patch(`/rooms/${scene.roomId}`, { goal: "New goal" });
  await client(scene).patch(`/rooms/${scene.roomId}/agents/ada`, {
    model_alias: "qwen",
    role_prompt: "New role.",
  });
  await scene.models.script();

  const { body } = await retry(scene, first.id);

  expect(body.status).toBe("completed");
  const call = (await scene.models.journal()).at(-1);
  expect(call?.model).toBe("qwen/qwen3-235b-a22b");
  expect(call?.messages[0]?.content).toContain("Agent role: New role.");
  expect(call?.messages[0]?.content).toContain("Room goal: New goal");
  expect(conversationIn(call)).toEqual([
    "@ada the turn before",
    "ok from deepseek/deepseek-v3.1-terminus",
    "@ada hello",
  ]);
});

describe("of a turn of which an agent has been removed since", () => {
  async function removeBob(failing: string[]) {
    const scene = await createTurnScene({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    await scene.models.script(...failing.map((key) => says(key, { status: 400 })));
    const { body: first } = await scene.post("hello");
    await client(scene).delete(`/rooms/${scene.roomId}/agents/bob`);
    await scene.models.script();
    const calls = (await scene.models.journal()).length;
    const answer = await retry(scene, first.id, { key: "k" });
    return { scene, first, answer, calls: (await scene.models.journal()).slice(calls) };
  }

  test("the others are asked again, and its failure stands", async () => {
    const { answer, calls } = await removeBob(["bob", "cy"]);
    expect(calls.map(askedOf)).toEqual(["cy"]);
    expect(answer.body).toMatchObject({
      status: "partial",
      replies: [
        { agent_key: "ada" },
        { agent_key: "bob", status: "failed" },
        { agent_key: "cy", status: "completed" },
      ],
    });
  });

  test("there is nothing to retry where it alone had failed, and no claim is left", async () => {
    const { scene, first, answer, calls } = await removeBob(["bob"]);
    expect(answer).toMatchObject({ status: 409, body: { code: "nothing_to_retry" } });
    expect(calls).toEqual([]);
    expect(await scene.claim()).toBeUndefined();
    expect((await scene.read(first.id)).body).toMatchObject(first);
  });
});

describe("the budget of a retry", () => {
  test("counts the answers that stand in every mode, also where its agents answered at once", async () => {
    const scene = await createTurnScene({
      agents: ["ada", { key: "bob", modelAlias: "tiny" }],
      settings: tinySettings(),
    });
    await scene.models.script(says("ada", textOf(31_000)), says("bob", { status: 400 }));
    const { body: first } = await scene.post("@ada @bob hello");

    const answer = await retry(scene, first.id);

    expect(first.status).toBe("partial");
    expect(answer).toMatchObject({ status: 422, body: { code: "context_budget_exceeded" } });
  });

  test("is refused where the answers do not fit: the claim is given back, the turn as it was", async () => {
    const scene = await createTurnScene({
      agents: ["ada", { key: "bob", modelAlias: "tiny" }],
      mode: "roundtable",
      settings: tinySettings(),
    });
    await scene.models.script(says("ada", textOf(31_000)));
    const { body: first } = await scene.post("hello");
    const calls = (await scene.models.journal()).length;

    const answer = await retry(scene, first.id);

    expect(first).toMatchObject({ status: "partial", overflow_rejected: true });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: "context_budget_exceeded", input_budget: 5_530 },
    });
    expect(await scene.models.journal()).toHaveLength(calls);
    expect(await scene.claim()).toBeUndefined();
    expect((await scene.read(first.id)).body).toMatchObject(first);
  });
});

describe("a summary that is due with a turn", () => {
  test("and was made then is not made again by the retry, which still tells of it", async () => {
    const scene = await createSummaryScene();
    await scene.models.script(says("ada", { status: 400 }, 3));
    const [, , third] = await talk(scene, 3);
    const calls = (await scene.models.journal()).length;

    const { body } = await retry(scene, third.id);

    expect(third).toMatchObject({ status: "failed", summary_triggered: true });
    expect(body).toMatchObject({ status: "completed", summary_triggered: true });
    expect((await scene.models.journal()).slice(calls).map(askedOf)).toEqual(["ada"]);
    expect(await storedSummaries(scene)).toHaveLength(1);
  });

  test("and could not be made then is left alone by the retry: the next try is four turns later", async () => {
    const scene = await createSummaryScene();
    await scene.models.script(says("ada", { status: 400 }, 3), summaryTextIs({ status: 400 }, 1));
    const [, , third] = await talk(scene, 3);

    const { body } = await retry(scene, third.id);

    expect(third).toMatchObject({ status: "failed", summary_triggered: false });
    expect(body).toMatchObject({ status: "completed", summary_triggered: false });
    expect(callsFor(await scene.models.journal(), "summary_text")).toHaveLength(1);
    expect(await storedSummaries(scene)).toEqual([]);
  });

  test("covers a retried turn whole, its answer told once and its failure not at all", async () => {
    const scene = await createSummaryScene();
    await scene.models.script(says("ada", { status: 400 }, 1), says("ada", "the second try", 2));
    const [first] = await talk(scene, 1);
    await retry(scene, first.id);
    await talk(scene, 3);

    expect(await storedSummaries(scene)).toMatchObject([{ from_seq: 1, to_seq: 3 }]);
    const [call] = callsFor(await scene.models.journal(), "summary_text");
    const shown = call?.messages[1]?.content ?? "";
    expect(shown.split("the second try")).toHaveLength(2);
    expect(shown).not.toContain("agent_error");
  });
});
