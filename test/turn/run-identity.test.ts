import { expect, test } from "vitest";
import { createTurnFixture } from "../support/turn-fixture.ts";

test("a run gives its tools the user, the room and the session that it belongs to", async () => {
  const given: unknown[] = [];
  const { post, owner, roomId, sessionId } = await createTurnFixture({
    deps: {
      runTurn: async ({ identity }) => {
        given.push(identity);
        throw new Error("no agent is asked");
      },
    },
  });

  expect(await post("@ada hello")).toMatchObject({ status: 500, body: { code: "internal_error" } });

  expect(given).toEqual([{ userId: owner.userId, roomId, sessionId }]);
});
