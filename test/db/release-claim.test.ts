import { describe, expect, inject, test } from "vitest";
import { createDb } from "../../src/db/core/client.ts";
import { releaseClaim } from "../../src/db/turn/release-claim.ts";
import { createTurnFixture } from "../support/turn-fixture.ts";

const nothingElse = {
  spend: null,
  refusalScales: {},
  problem: { code: "no_room_agents" as const, detail: "", members: {} },
};

async function claimedSession() {
  const { sql, sessionId, claim } = await createTurnFixture();
  const [runId, holder] = [crypto.randomUUID(), crypto.randomUUID()];
  await sql`insert into turn_claims (session_id, run_id, turn_id, kind, turn_index, request_hash, request, snapshot,
    holder, lease_until) values (${sessionId}, ${runId}, ${runId}, 'turn', 1, 'x', '{}', '{}', ${holder}, now())`;
  return {
    db: createDb(inject("databaseUrl"), inject("neonEndpoint")),
    held: { sessionId, runId, holder },
    claim,
  };
}

describe("releasing a claim", () => {
  test("deletes it", async () => {
    const { db, held, claim } = await claimedSession();
    await releaseClaim(db, held, nothingElse);
    expect(await claim()).toBeUndefined();
  });

  test.each(["holder", "runId"] as const)("by a former %s changes nothing", async (field) => {
    const { db, held, claim } = await claimedSession();
    await releaseClaim(db, { ...held, [field]: crypto.randomUUID() }, nothingElse);
    expect(await claim()).toMatchObject({ run_id: held.runId, holder: held.holder });
  });
});
