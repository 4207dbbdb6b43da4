import { expect, test } from "vitest";
import type { Deps } from "../../src/deps.ts";
import { emitNothing } from "../../src/domain/turn/turn-events.ts";
import { postTurn } from "../../src/turn/post.ts";
import { createTurnFixture } from "../support/turn-fixture.ts";

test("a run gives its tools the user, the room and the session that it belongs to", async () => {
  const { api, owner, roomId, sessionId } = await createTurnFixture();
  const given: unknown[] = [];
  const deps: Deps = {
    ...api.deps,
    runTurn: async ({ identity }) => {
      given.push(identity);
      throw new Error("no agent is asked");
    },
  };
  const run = await postTurn(deps, {
    user: owner,
    sessionId,
    idempotencyKey: null,
    log: deps.log,
    request: { message: "@ada hello" },
  });
  if (run.kind !== "run") throw new Error("the run is a replay");

  const answer = run.execute({ emit: emitNothing, gone: new AbortController().signal });

  await expect(answer).rejects.toMatchObject({ code: "internal_error" });
  expect(given).toEqual([{ userId: owner.userId, roomId, sessionId }]);
});
