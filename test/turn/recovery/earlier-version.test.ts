import { describe, expect, test } from "vitest";
import { createTurnScene, says, type TurnScene } from "../../support/turn-scene.ts";
import { createToolScene, searchesFor } from "../../tools/in-turns/tool-scene.ts";
import { managerPicks, replySteps } from "../modes/support/asked.ts";
import { retry } from "../modes/support/retry-scene.ts";
import { expectLedgerMatchesCalls } from "./support/books.ts";
import { asked, flushed, lapse } from "./support/dead-holder.ts";

/** Makes the session's rows those that the version before steps writes: it does not know the new columns. */
async function forgetSteps({ sql, sessionId }: TurnScene): Promise<void> {
  await sql.transaction([
    sql`update messages set step = null, round = null where session_id = ${sessionId}`,
    sql`update llm_call_events set step = null where session_id = ${sessionId}`,
    sql`update tool_call_events set step = null where session_id = ${sessionId}`,
    sql`update turn_context_audit set step = null, orchestration = null where session_id = ${sessionId}`,
    sql`update turns set synthesis = null where session_id = ${sessionId}`,
  ]);
}

describe("a turn that the version before steps stored", () => {
  test("reads as before", async () => {
    const scene = await createToolScene({ agents: ["ada", "bob"] });
    await scene.models.script(says("ada", searchesFor("boats"), 1), says("bob", { status: 400 }));
    const { body: first } = await scene.post("@ada @bob hello");
    const before = (await scene.read(first.id)).body;
    await forgetSteps(scene);

    const { audit, ...detail } = (await scene.read(first.id)).body;

    const { audit: auditBefore, ...detailBefore } = before;
    expect(detail).toEqual(detailBefore);
    const withoutOrchestration = auditBefore.map((row: object) => ({ ...row, orchestration: null }));
    expect(audit).toEqual(withoutOrchestration);
    expect((await scene.list()).body.data).toEqual([first]);
  });

  test("is retried by the step that its agent had", async () => {
    const scene = await createTurnScene({ agents: ["ada", "bob"] });
    await scene.models.script(says("bob", { status: 400 }));
    const { body: first } = await scene.post("@ada @bob hello");
    await forgetSteps(scene);
    await scene.models.script(says("bob", "now I can"));

    const { body } = await retry(scene, first.id);

    expect(body.status).toBe("completed");
    expect(replySteps(body)).toEqual(["ada#1", "bob#1"]);
    expect(body.replies[1]).toMatchObject({ content: "now I can", round: 1 });
  });
});

/** Makes the stored checkpoints those of the version before steps: no format, and entries by agent. */
async function forgetFormat({ sql, sessionId }: TurnScene): Promise<void> {
  await sql`update checkpoints set metadata = metadata - 'format'
    where thread_id in (select run_id::text from turn_claims where session_id = ${sessionId})`;
  await sql`update checkpoint_blobs
    set blob = convert_to(regexp_replace(convert_from(blob, 'UTF8'), '"step":"[^"]*",', '', 'g'), 'UTF8')
    where thread_id in (select run_id::text from turn_claims where session_id = ${sessionId})`;
}

describe("a run that the version before steps left", () => {
  test.each(["roundtable", "orchestrator"] as const)(
    "is settled in mode %s, not resumed: the answers that had arrived are kept, nobody is asked again",
    async (mode) => {
      const scene = await createTurnScene({ agents: ["ada", "bob", "cy"], mode });
      await scene.models.script(
        managerPicks("ada", "bob", "cy"),
        says("ada", "one"),
        says("bob", "two"),
        says("cy", { text: "lost", hold: "gate" }),
      );
      const post = scene.post("hello", { key: "k" });
      const calls = mode === "orchestrator" ? 4 : 3;
      await scene.models.wait({ calls });
      await flushed(scene, { steps: calls - 1 });
      await forgetFormat(scene);
      await lapse(scene);

      const { status, body } = await scene.post("hello", { key: "k" });
      const askedFor = await asked(scene);
      await scene.models.release("gate");
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
      await expectLedgerMatchesCalls(scene);
    },
  );
});
