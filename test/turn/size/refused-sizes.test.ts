import { describe, expect, test } from "vitest";
import { watchDatabase } from "../../support/database-requests.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { until } from "../../support/until.ts";
import { createToolFixture, searchesFor } from "../../tools/in-turns/tool-fixture.ts";
import { answersStored, expireLease, listCallers } from "../recovery/support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "../recovery/support/ledger-check.ts";
import { tooLargeFor } from "./support/measured-requests.ts";

/** Stands in the statements of every commit of a turn, and in no other request's. */
const commits = '\\"turn_runs\\" (\\"id\\"';
const stepRows = '\\"checkpoint_blobs\\" (';
const agents = ["ada", "bob", "cy"];
const long = "long ".repeat(8_000);

const codesOf = (body: { replies: { error: { code: string } | null }[] }) =>
  body.replies.map(({ error }) => error?.code ?? null);
const warnings = (fixture: TurnFixture, event: string) =>
  fixture.api.lines.filter((line) => line.event === event);

describe("a turn that is too large for a request to the database", () => {
  test.each(["roundtable", "tag"] as const)(
    "is stored without its texts, with its whole ledger, and its key returns it without new calls (%s)",
    async (mode) => {
      const fixture = await createTurnFixture({ agents, mode });
      await fixture.models.script(says("bob", long), { answer: { text: "short" } });
      const { answer, refused } = tooLargeFor(commits, 30_000);
      const message = "@ada @bob @cy hello";

      const { result } = await watchDatabase(() => fixture.post(message, { key: "k" }), answer);

      expect(refused).toHaveLength(1);
      expect(result).toMatchObject({ status: 201, body: { status: "failed", usage: { calls: 3 } } });
      expect(codesOf(result.body)).toEqual(Array(3).fill("turn_too_large"));
      expect(await fixture.claim()).toBeUndefined();
      expect(warnings(fixture, "turn_stored_without_texts")).toHaveLength(1);
      await expectLedgerMatchesCalls(fixture);
      const again = await fixture.post(message, { key: "k" });
      expect(again.headers.get("Idempotency-Replayed")).toBe("true");
      expect(again.body).toMatchObject({ id: result.body.id, status: "failed" });
      expect(await listCallers(fixture)).toHaveLength(3);
      expect(await fixture.ledger()).toHaveLength(3);
    },
  );

  test("is stored in the same way by the request that settles it", async () => {
    const fixture = await createTurnFixture({ agents, mode: "roundtable" });
    await fixture.models.script(says("ada", long), says("cy", { text: "lost", hold: "gate" }, 1));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 3 });
    await answersStored(fixture, { steps: 2 });
    await expireLease(fixture);
    const { answer, refused } = tooLargeFor(commits, 30_000);

    const next = await watchDatabase(() => fixture.post("and now?"), answer);

    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    expect(next.result).toMatchObject({ status: 201, body: { turn_index: 2 } });
    expect(refused.length).toBeGreaterThanOrEqual(1);
    const [settled] = (await fixture.list()).body.data;
    expect(codesOf(settled)).toEqual(Array(3).fill("turn_too_large"));
    await expectLedgerMatchesCalls(fixture);
  });
});

describe("a checkpoint that is too large for a request to the database", () => {
  test.each(["roundtable", "tag"] as const)(
    "is left out: the turn is complete, and nothing is sent again and again (%s)",
    async (mode) => {
      const fixture = await createTurnFixture({ agents: [...agents, "dee"], mode });
      await fixture.models.script(says("ada", long), says("dee", { text: "last", hold: "gate" }), {
        answer: { text: "short" },
      });
      const { answer, refused } = tooLargeFor('insert into \\"checkpoint', 60_000);
      const commitsToo = (ask: () => Promise<Response>, n: number, body: string) =>
        body.includes(commits) ? ask() : answer(ask, n, body);

      const post = watchDatabase(() => fixture.post("@ada @bob @cy @dee hello"), commitsToo);
      await until(
        "a step is left out",
        async () =>
          (await fixture.claim()) !== undefined && warnings(fixture, "checkpoint_degraded").length > 0,
      );
      await fixture.models.release("gate");
      const { result } = await post;

      expect(result).toMatchObject({ status: 201, body: { status: "completed" } });
      expect(result.body.replies[0].content).toBe(long);
      // Halved until the one row is found; sent never again.
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.length).toBeLessThan(12);
      expect(warnings(fixture, "checkpoint_degraded")).toHaveLength(1);
      const { audit } = (await fixture.read(result.body.id)).body;
      expect(audit.every((row: { checkpoint_degraded: boolean }) => row.checkpoint_degraded)).toBe(true);
      await expectLedgerMatchesCalls(fixture);
    },
  );

  test("and whose run is taken over: its turn is stored without the missing texts, and no call is lost", async () => {
    const fixture = await createTurnFixture({ agents, mode: "roundtable" });
    await fixture.models.script(says("ada", long), says("cy", { text: "lost", hold: "gate" }, 1), {
      answer: { text: "short" },
    });
    const { answer } = tooLargeFor(stepRows, 60_000);
    const post = watchDatabase(() => fixture.post("hello", { key: "k" }), answer);
    await fixture.models.wait({ calls: 3 });
    await answersStored(fixture, { steps: 2 });
    await expireLease(fixture);

    const again = await fixture.post("hello", { key: "k" });

    await fixture.models.release("gate");
    expect((await post).result.status).toBe(409);
    expect(again).toMatchObject({ status: 201, body: { status: "partial" } });
    expect(codesOf(again.body)).toEqual(["turn_too_large", null, "turn_too_large"]);
    expect(await listCallers(fixture)).toEqual(["ada", "bob", "cy"]);
    await expectLedgerMatchesCalls(fixture);
  });
});

describe("a run with a checkpoint that is too large for an answer of the database", () => {
  test.each([
    ["by its key", { key: "k" }],
    ["by the next post", {}],
  ])("is stored without its texts where it is taken over %s, and no call is lost", async (_how, options) => {
    const fixture = await createToolFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    await fixture.models.script(
      says("ada", searchesFor("boats"), 1),
      says("bob", { text: "lost", hold: "gate" }, 1),
      { answer: { text: "short" } },
    );
    const post = fixture.post("hello", options);
    await fixture.models.wait({ calls: 3 });
    await answersStored(fixture, { steps: 3 });
    await expireLease(fixture);
    // Six million characters are twelve million digits on their way.
    await fixture.sql`update checkpoint_blobs set blob = convert_to('[' || repeat(' ', 6000000) || ']', 'UTF8')
      where channel like 'toolMessages#%'
        and thread_id = (select run_id::text from turn_claims where session_id = ${fixture.sessionId})`;
    const statuses: number[] = [];

    const { result } = await watchDatabase(
      () => fixture.post("hello", options),
      async (ask) => {
        const response = await ask();
        statuses.push(response.status);
        return response;
      },
    );

    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    expect(statuses.filter((status) => status === 507)).toHaveLength(1);
    expect(result.status).toBe(201);
    const [first] = (await fixture.list()).body.data;
    expect(codesOf(first)).toEqual(["turn_too_large", "turn_too_large"]);
    await expectLedgerMatchesCalls(fixture);
  });
});
