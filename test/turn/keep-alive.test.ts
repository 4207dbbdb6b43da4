import { expect, test } from "vitest";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

test("a turn is kept alive from start to end, so that a disconnecting client does not stop it", async () => {
  const kept: Promise<unknown>[] = [];
  const fixture = await createTurnFixture({ deps: { keepAlive: (work) => void kept.push(work) } });
  await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
  const post = fixture.post("@ada hello");
  await fixture.models.wait({ calls: 1 });
  expect(kept).toHaveLength(1);

  await fixture.models.release("gate");
  await kept[0];

  expect(await fixture.rowCounts()).toMatchObject({ turns: 1, messages: 2 });
  expect((await post).status).toBe(201);
});

test("the kept work never rejects, however the turn ends", async () => {
  const kept: Promise<unknown>[] = [];
  const fixture = await createTurnFixture({ deps: { keepAlive: (work) => void kept.push(work) } });

  expect((await fixture.post("nobody is tagged")).status).toBe(422);

  expect(kept).toHaveLength(1);
  await expect(kept[0]).resolves.toBeUndefined();
});
