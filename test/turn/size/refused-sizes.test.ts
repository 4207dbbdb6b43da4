import { describe, expect, test } from "vitest";
import { watchDatabase } from "../../support/database-requests.ts";
import { createTurnScene, says, type TurnScene } from "../../support/turn-scene.ts";
import { createToolScene, searchesFor } from "../../tools/in-turns/tool-scene.ts";
import { expectLedgerMatchesCalls } from "../recovery/support/books.ts";
import { asked, flushed, lapse } from "../recovery/support/dead-holder.ts";
import { until } from "../recovery/support/until.ts";
import { tooLargeFor } from "./support/measured-requests.ts";

/** Stands in the statements of every commit of a turn, and in no other request's. */
const commits = '\\"turn_runs\\" (\\"id\\"';
const stepRows = '\\"checkpoint_blobs\\" (';
const agents = ["ada", "bob", "cy"];
const long = "long ".repeat(8_000);

const codesOf = (body: { replies: { error: { code: string } | null }[] }) =>
  body.replies.map(({ error }) => error?.code ?? null);
const warnings = (scene: TurnScene, event: string) => scene.api.lines.filter((line) => line.event === event);

describe("a turn that the database takes no request of", () => {
  test.each(["roundtable", "tag"] as const)(
    "is stored without its texts, whole in the ledger, and its key is told it without paying again (%s)",
    async (mode) => {
      const scene = await createTurnScene({ agents, mode });
      await scene.models.script(says("bob", long), { answer: { text: "short" } });
      const { answer, refused } = tooLargeFor(commits, 30_000);
      const message = "@ada @bob @cy hello";

      const { result } = await watchDatabase(() => scene.post(message, { key: "k" }), answer);

      expect(refused).toHaveLength(1);
      expect(result).toMatchObject({ status: 201, body: { status: "failed", usage: { calls: 3 } } });
      expect(codesOf(result.body)).toEqual(Array(3).fill("turn_too_large"));
      expect(await scene.claim()).toBeUndefined();
      expect(warnings(scene, "turn_stored_without_texts")).toHaveLength(1);
      await expectLedgerMatchesCalls(scene);
      const again = await scene.post(message, { key: "k" });
      expect(again.headers.get("Idempotency-Replayed")).toBe("true");
      expect(again.body).toMatchObject({ id: result.body.id, status: "failed" });
      expect(await asked(scene)).toHaveLength(3);
      expect(await scene.ledger()).toHaveLength(3);
    },
  );

  test("is stored likewise by whoever settles it", async () => {
    const scene = await createTurnScene({ agents, mode: "roundtable" });
    await scene.models.script(says("ada", long), says("cy", { text: "lost", hold: "gate" }, 1));
    const post = scene.post("hello");
    await scene.models.wait({ calls: 3 });
    await flushed(scene, { steps: 2 });
    await lapse(scene);
    const { answer, refused } = tooLargeFor(commits, 30_000);

    const next = await watchDatabase(() => scene.post("and now?"), answer);

    await scene.models.release("gate");
    expect((await post).status).toBe(409);
    expect(next.result).toMatchObject({ status: 201, body: { turn_index: 2 } });
    expect(refused.length).toBeGreaterThanOrEqual(1);
    const [settled] = (await scene.list()).body.data;
    expect(codesOf(settled)).toEqual(Array(3).fill("turn_too_large"));
    await expectLedgerMatchesCalls(scene);
  });
});

describe("a step that the database takes no request of", () => {
  test.each(["roundtable", "tag"] as const)(
    "is left out: the turn is whole, and nothing is sent again and again (%s)",
    async (mode) => {
      const scene = await createTurnScene({ agents: [...agents, "dee"], mode });
      await scene.models.script(says("ada", long), says("dee", { text: "last", hold: "gate" }), {
        answer: { text: "short" },
      });
      const { answer, refused } = tooLargeFor("assert_claim", 60_000);
      const commitsToo = (ask: () => Promise<Response>, n: number, body: string) =>
        body.includes(commits) ? ask() : answer(ask, n, body);

      const post = watchDatabase(() => scene.post("@ada @bob @cy @dee hello"), commitsToo);
      await until(
        "a step is left out",
        async () => (await scene.claim()) !== undefined && warnings(scene, "checkpoint_degraded").length > 0,
      );
      await scene.models.release("gate");
      const { result } = await post;

      expect(result).toMatchObject({ status: 201, body: { status: "completed" } });
      expect(result.body.replies[0].content).toBe(long);
      // Halved until the one row is found; sent never again.
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.length).toBeLessThan(12);
      expect(warnings(scene, "checkpoint_degraded")).toHaveLength(1);
      const { audit } = (await scene.read(result.body.id)).body;
      expect(audit.every((row: { checkpoint_degraded: boolean }) => row.checkpoint_degraded)).toBe(true);
      await expectLedgerMatchesCalls(scene);
    },
  );

  test("and whose run is taken over has its turn stored without what is missing, and no call is lost", async () => {
    const scene = await createTurnScene({ agents, mode: "roundtable" });
    await scene.models.script(says("ada", long), says("cy", { text: "lost", hold: "gate" }, 1), {
      answer: { text: "short" },
    });
    const { answer } = tooLargeFor(stepRows, 60_000);
    const post = watchDatabase(() => scene.post("hello", { key: "k" }), answer);
    await scene.models.wait({ calls: 3 });
    await flushed(scene, { steps: 2 });
    await lapse(scene);

    const again = await scene.post("hello", { key: "k" });

    await scene.models.release("gate");
    expect((await post).result.status).toBe(409);
    expect(again).toMatchObject({ status: 201, body: { status: "partial" } });
    expect(codesOf(again.body)).toEqual(["turn_too_large", null, "turn_too_large"]);
    expect(await asked(scene)).toEqual(["ada", "bob", "cy"]);
    await expectLedgerMatchesCalls(scene);
  });
});

describe("a run whose checkpoint the database gives no answer of", () => {
  test.each([
    ["by its key", { key: "k" }],
    ["by the next post", {}],
  ])("is stored without its texts where it is taken over %s, and no call is lost", async (_how, options) => {
    const scene = await createToolScene({ agents: ["ada", "bob"], mode: "roundtable" });
    await scene.models.script(
      says("ada", searchesFor("boats"), 1),
      says("bob", { text: "lost", hold: "gate" }, 1),
      { answer: { text: "short" } },
    );
    const post = scene.post("hello", options);
    await scene.models.wait({ calls: 3 });
    await flushed(scene, { steps: 3 });
    await lapse(scene);
    // Six million characters are twelve million digits on their way.
    await scene.sql`update checkpoint_blobs set blob = convert_to('[' || repeat(' ', 6000000) || ']', 'UTF8')
      where channel like 'toolMessages#%'
        and thread_id = (select run_id::text from turn_claims where session_id = ${scene.sessionId})`;
    const statuses: number[] = [];

    const { result } = await watchDatabase(
      () => scene.post("hello", options),
      async (ask) => {
        const response = await ask();
        statuses.push(response.status);
        return response;
      },
    );

    await scene.models.release("gate");
    expect((await post).status).toBe(409);
    expect(statuses.filter((status) => status === 507)).toHaveLength(1);
    expect(result.status).toBe(201);
    const [first] = (await scene.list()).body.data;
    expect(codesOf(first)).toEqual(["turn_too_large", "turn_too_large"]);
    await expectLedgerMatchesCalls(scene);
  });
});
