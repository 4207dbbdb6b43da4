import { expect, test } from "vitest";
import { createTurnScene, says } from "../../support/turn-scene.ts";
import { expectLedgerMatchesCalls } from "./support/books.ts";
import { lapse } from "./support/dead-holder.ts";

test("an agent that asked in vain for a tool is not asked again before that answer is stored", async () => {
  const scene = await createTurnScene();
  const asksInVain = { tool_calls: [{ name: "search", arguments: "{}" }] };
  await scene.models.script(says("ada", asksInVain, 1), says("ada", { text: "lost", hold: "gate" }, 2));
  const post = scene.post("@ada hello", { key: "k" });
  await scene.models.wait({ calls: 2 });
  // Both calls may be under way at once only where the first one's answer cannot be lost any more.
  const [stored] = await scene.sql`select max((metadata ->> 'step')::int) as steps from checkpoints
    where thread_id = (select run_id::text from turn_claims where session_id = ${scene.sessionId})`;
  expect(stored).toEqual({ steps: 1 });
  await lapse(scene);

  const again = await scene.post("@ada hello", { key: "k" });

  expect(again.body).toMatchObject({ status: "completed" });
  expect(await scene.models.journal()).toHaveLength(3);
  await scene.models.release("gate");
  expect((await post).status).toBe(409);
  await expectLedgerMatchesCalls(scene);
});
