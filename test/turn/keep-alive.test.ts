import { expect, test } from "vitest";
import { createTurnScene, says } from "../support/turn-scene.ts";

test("a turn is kept alive from its start to its end, so that a client that goes away does not stop it", async () => {
  const kept: Promise<unknown>[] = [];
  const scene = await createTurnScene({ deps: { keepAlive: (work) => void kept.push(work) } });
  await scene.models.script(says("ada", { text: "hi", hold: "gate" }));
  const post = scene.post("@ada hello");
  await scene.models.wait({ calls: 1 });
  expect(kept).toHaveLength(1);

  await scene.models.release("gate");
  await kept[0];

  expect(await scene.rowCounts()).toMatchObject({ turns: 1, messages: 2 });
  expect((await post).status).toBe(201);
});

test("what is kept alive never rejects, however the turn ends", async () => {
  const kept: Promise<unknown>[] = [];
  const scene = await createTurnScene({ deps: { keepAlive: (work) => void kept.push(work) } });

  expect((await scene.post("nobody is tagged")).status).toBe(422);

  expect(kept).toHaveLength(1);
  await expect(kept[0]).resolves.toBeUndefined();
});
