import { expect, test } from "vitest";
import { createTurnFixture, says } from "../../support/turn-fixture.ts";
import { expireLease } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

test("an agent whose tool call is denied is not called again before that answer is stored", async () => {
  const fixture = await createTurnFixture();
  const asksInVain = { tool_calls: [{ name: "search", arguments: "{}" }] };
  await fixture.models.script(says("ada", asksInVain, 1), says("ada", { text: "lost", hold: "gate" }, 2));
  const post = fixture.post("@ada hello", { key: "k" });
  await fixture.models.wait({ calls: 2 });
  // Both calls may be under way at once only where the first one's answer cannot be lost any more.
  const [stored] = await fixture.sql`select max((metadata ->> 'step')::int) as steps from checkpoints
    where thread_id = (select run_id::text from turn_claims where session_id = ${fixture.sessionId})`;
  expect(stored).toEqual({ steps: 1 });
  await expireLease(fixture);

  const again = await fixture.post("@ada hello", { key: "k" });

  expect(again.body).toMatchObject({ status: "completed" });
  expect(await fixture.models.journal()).toHaveLength(3);
  await fixture.models.release("gate");
  expect((await post).status).toBe(409);
  await expectLedgerMatchesCalls(fixture);
});
