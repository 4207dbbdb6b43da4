import { afterEach, describe, expect, test, vi } from "vitest";
import { createTurnScene, says, type TurnScene } from "../../support/turn-scene.ts";
import { createToolScene, searchesFor } from "../../tools/in-turns/tool-scene.ts";
import { expectLedgerMatchesCalls } from "./support/books.ts";
import { asked, flushed, lapse } from "./support/dead-holder.ts";

const aheadMs = 45_000;

/** Puts this isolate's clock ahead of the database's, as that of another Worker may be. */
function setClockAhead(): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + aheadMs });
}

afterEach(() => {
  vi.useRealTimers();
});

/** A first holder whose clock is ahead stores ada's answer, a second one with the right time bob's. */
async function storeTwoAnswers(scene: TurnScene) {
  await scene.models.script(
    says("bob", { text: "lost", hold: "gate" }, 1),
    says("cy", { text: "lost too", hold: "gate" }, 1),
    says("bob", "two"),
    says("cy", "three"),
    says("ada", "one"),
  );
  setClockAhead();
  const first = scene.post("hello", { key: "k" });
  await scene.models.wait({ calls: 2 });
  await flushed(scene, { steps: 1 });
  vi.useRealTimers();
  await lapse(scene);
  const second = scene.post("hello", { key: "k" });
  await scene.models.wait({ calls: 4 });
  await flushed(scene, { steps: 2 });
  await lapse(scene);
  return { first, second };
}

const textsOf = (body: { replies: { content: string }[] }) => body.replies.map(({ content }) => content);

describe("a run whose first holder's clock is ahead", () => {
  test("goes on from its latest step: what the second holder stored is not asked again", async () => {
    const scene = await createTurnScene({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    const { first, second } = await storeTwoAnswers(scene);

    const third = await scene.post("hello", { key: "k" });
    const askedByAll = await asked(scene);
    await scene.models.release("gate");

    expect([(await first).status, (await second).status]).toEqual([409, 409]);
    expect(third).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(textsOf(third.body)).toEqual(["one", "two", "three"]);
    expect(askedByAll).toEqual(["ada", "bob", "bob", "cy", "cy"]);
    await expectLedgerMatchesCalls(scene);
  });

  test("is settled with all answers that are stored, and keeps its last checkpoint", async () => {
    const scene = await createTurnScene({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    const { first, second } = await storeTwoAnswers(scene);

    const next = await scene.post("something else");
    await scene.models.release("gate");

    expect([(await first).status, (await second).status]).toEqual([409, 409]);
    expect(next.status).toBe(201);
    const [settled] = (await scene.list()).body.data;
    expect(settled).toMatchObject({ status: "partial", replies: [{}, {}, { status: "failed" }] });
    expect(textsOf(settled).slice(0, 2)).toEqual(["one", "two"]);
    const kept = await scene.sql`select (metadata ->> 'step')::int as step from checkpoints
      where thread_id = ${settled.id}`;
    expect(kept).toEqual([{ step: 2 }]);
    await expectLedgerMatchesCalls(scene);
  });
});

test("a retry by a Worker whose clock is behind stands after the run that it follows", async () => {
  const scene = await createToolScene({ agents: ["ada", "bob"], mode: "roundtable" });
  await scene.models.script(
    says("bob", searchesFor("first"), 1),
    says("bob", { status: 400 }, 2),
    says("bob", searchesFor("second"), 3),
    says("bob", "two"),
    says("ada", "one"),
  );
  setClockAhead();
  const { body: failed } = await scene.post("hello");
  vi.useRealTimers();

  const retried = await scene.api.as(scene.owner).post(`${scene.turnsPath}/${failed.id}/retry`);

  const { body: read } = await scene.read(failed.id);
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
