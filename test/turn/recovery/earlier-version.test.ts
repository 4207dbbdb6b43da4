import { describe, expect, test } from "vitest";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { createToolFixture, searchesFor } from "../../tools/in-turns/tool-fixture.ts";
import { managerPicks, replySteps } from "../modes/support/model-calls.ts";
import { retry } from "../modes/support/retry-fixture.ts";
import { answersStored, expireLease, listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

/** Makes the session's rows those that the version before steps writes: it does not know the new columns. */
async function forgetSteps({ sql, sessionId }: TurnFixture): Promise<void> {
  await sql.transaction([
    sql`update messages set step = null, round = null where session_id = ${sessionId}`,
    sql`update llm_call_events set step = null where session_id = ${sessionId}`,
    sql`update tool_call_events set step = null where session_id = ${sessionId}`,
    sql`update turn_context_audit set step = null, orchestration = null where session_id = ${sessionId}`,
    sql`update turns set synthesis = null where session_id = ${sessionId}`,
  ]);
}

describe("a turn that the version before steps stored", () => {
  test("is read unchanged", async () => {
    const fixture = await createToolFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(says("ada", searchesFor("boats"), 1), says("bob", { status: 400 }));
    const { body: first } = await fixture.post("@ada @bob hello");
    const before = (await fixture.read(first.id)).body;
    await forgetSteps(fixture);

    const { audit, ...detail } = (await fixture.read(first.id)).body;

    const { audit: auditBefore, ...detailBefore } = before;
    expect(detail).toEqual(detailBefore);
    const withoutOrchestration = auditBefore.map((row: object) => ({ ...row, orchestration: null }));
    expect(audit).toEqual(withoutOrchestration);
    expect((await fixture.list()).body.data).toEqual([first]);
  });

  test("is retried by the step of its agent", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(says("bob", { status: 400 }));
    const { body: first } = await fixture.post("@ada @bob hello");
    await forgetSteps(fixture);
    await fixture.models.script(says("bob", "now I can"));

    const { body } = await retry(fixture, first.id);

    expect(body.status).toBe("completed");
    expect(replySteps(body)).toEqual(["ada#1", "bob#1"]);
    expect(body.replies[1]).toMatchObject({ content: "now I can", round: 1 });
  });
});

/** Makes the stored checkpoints those of the version before steps: no format, and entries by agent. */
async function forgetFormat({ sql, sessionId }: TurnFixture): Promise<void> {
  await sql`update checkpoints set metadata = metadata - 'format'
    where thread_id in (select run_id::text from turn_claims where session_id = ${sessionId})`;
  await sql`update checkpoint_blobs
    set blob = convert_to(regexp_replace(convert_from(blob, 'UTF8'), '"step":"[^"]*",', '', 'g'), 'UTF8')
    where thread_id in (select run_id::text from turn_claims where session_id = ${sessionId})`;
}

describe("a run that the version before steps left", () => {
  test.each(["roundtable", "orchestrator"] as const)(
    "is settled in mode %s, not resumed: the answers that had arrived are kept, and no agent is called again",
    async (mode) => {
      const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode });
      await fixture.models.script(
        managerPicks("ada", "bob", "cy"),
        says("ada", "one"),
        says("bob", "two"),
        says("cy", { text: "lost", hold: "gate" }),
      );
      const post = fixture.post("hello", { key: "k" });
      const calls = mode === "orchestrator" ? 4 : 3;
      await fixture.models.wait({ calls });
      await answersStored(fixture, { steps: calls - 1 });
      await forgetFormat(fixture);
      await expireLease(fixture);

      const { status, body } = await fixture.post("hello", { key: "k" });
      const askedFor = await listCallers(fixture);
      await fixture.models.release("gate");
      await post;

      expect(status).toBe(201);
      expect(body).toMatchObject({
        status: "partial",
        replies: [
          { step: "ada#1", content: "one" },
          { step: "bob#1", content: "two" },
          { step: "cy#1", status: "failed", error: { code: "abandoned" } },
        ],
      });
      expect(askedFor).toHaveLength(calls);
      await expectLedgerMatchesCalls(fixture);
    },
  );
});
