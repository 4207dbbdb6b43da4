import { describe, expect, test } from "vitest";
import { watchDatabase } from "../../support/database-requests.ts";
import { readEvents } from "../../support/event-reader.ts";
import { createStreamFixture, type StreamFixture } from "../../support/streams.ts";
import { type FixtureOptions, says } from "../../support/turn-fixture.ts";
import { answersStored, listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

const key = { "Idempotency-Key": "k" };

/** A fixture whose runs go on for `graceMs` once their client has gone. */
async function createGoneFixture(options: FixtureOptions, graceMs: number) {
  const fixture = await createStreamFixture(options);
  const { deps } = fixture.api;
  deps.settings = { ...deps.settings, clientGraceMs: graceMs };
  return fixture;
}

/** Posts for a plain answer; gives what makes the client go away. */
function postAndLeave(fixture: StreamFixture, message: string) {
  const client = new AbortController();
  const answer = Promise.resolve(
    fixture.api.app.request(`/api/v1${fixture.turnsPath}`, {
      method: "POST",
      body: JSON.stringify({ message }),
      headers: { Authorization: `Bearer ${fixture.token}`, "Content-Type": "application/json", ...key },
      signal: client.signal,
    }),
  );
  return { answer, leave: () => client.abort() };
}

const hasLease = async ({ sql, sessionId }: StreamFixture) => {
  const [row] = await sql`select lease_until > clock_timestamp() as live from turn_claims
    where session_id = ${sessionId}`;
  return row?.live;
};

const longMs = 600_000;

describe("a client that disconnects before its answer", () => {
  test("does not stop its turn", async () => {
    const fixture = await createGoneFixture({}, longMs);
    await fixture.models.script(says("ada", { text: "for nobody", hold: "gate" }));
    const { leave } = postAndLeave(fixture, "@ada hello");
    await fixture.models.wait({ calls: 1 });

    leave();
    await fixture.models.release("gate");
    await fixture.settled();

    expect(await fixture.turns()).toMatchObject([{ status: "completed", assistant_output: "for nobody" }]);
    expect(await fixture.claim()).toBeUndefined();
    expect(fixture.api.lines.map(({ event }) => event)).not.toContain("run_stopped");
  });

  test("for too long: its run stops, and the same key resumes it at once", async () => {
    const fixture = await createGoneFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" }, 0);
    await fixture.models.script(
      says("ada", "one"),
      says("bob", { deltas: ["half", " gone"], hold_after_first: "gate" }, 1),
    );
    const { answer, leave } = postAndLeave(fixture, "hello");
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });

    leave();
    await fixture.settled();

    expect(await hasLease(fixture)).toBe(false);
    const problem = await (await answer).json();
    const turnId = (await fixture.claim())?.turn_id;
    expect(problem).toMatchObject({ status: 409, code: "turn_in_progress", turn_id: turnId });
    await fixture.models.wait({ calls: 2, settled: 2 });
    expect((await fixture.models.journal())[1]).toMatchObject({ client_closed: true });
    const again = await fixture.post("hello", { key: "k" });
    expect(again).toMatchObject({ status: 201, body: { turn_index: 1, status: "completed" } });
    expect(again.headers.get("Idempotency-Replayed")).toBeNull();
    expect(await listCallers(fixture)).toEqual(["ada", "bob", "bob", "cy"]);
    // What the holder that gave up knows of its own call stands on the books, and in the answer.
    expect((await fixture.read(again.body.id)).body).toMatchObject(again.body);
    const bobs = (await fixture.ledger()).filter(({ agent_key }) => agent_key === "bob");
    expect(bobs.map(({ status }) => status).sort()).toEqual(["completed", "failed"]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("and does not return: the next post settles its turn and follows it", async () => {
    const fixture = await createGoneFixture({ agents: ["ada", "bob"], mode: "roundtable" }, 0);
    await fixture.models.script(says("ada", "one"), says("bob", { text: "late", hold: "gate" }, 1));
    const { leave } = postAndLeave(fixture, "hello");
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });

    leave();
    await fixture.settled();
    const next = await fixture.post("and now?");

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2 } });
    expect(await fixture.turns()).toMatchObject([
      { status: "partial", replies: [{ content: "one" }, { error: { code: "abandoned" } }] },
      { status: "completed" },
    ]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("during parallel answers leaves those that had arrived; only the others are asked again", async () => {
    const agents = ["ada", "bob", "cy", "dee"];
    const message = agents.map((one) => `@${one}`).join(" ");
    const fixture = await createGoneFixture({ agents }, 0);
    const held = { text: "late", hold: "gate" };
    await fixture.models.script(says("cy", held, 1), says("dee", held, 1));
    const { leave } = postAndLeave(fixture, message);
    await fixture.models.wait({ calls: 4, settled: 2 });
    await answersStored(fixture, { answers: 2 });

    leave();
    await fixture.settled();
    const again = await fixture.post(message, { key: "k" });

    expect(again.body).toMatchObject({ status: "completed" });
    expect((await listCallers(fixture)).slice(4).sort()).toEqual(["cy", "dee"]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("for too long: rows that could not be stored before are stored when its run stops", async () => {
    const fixture = await createGoneFixture({ agents: ["ada", "bob"], mode: "roundtable" }, 0);
    await fixture.models.script(says("bob", { text: "late", hold: "gate" }, 1));
    await watchDatabase(
      async () => {
        const { leave } = postAndLeave(fixture, "hello");
        await fixture.models.wait({ calls: 2 });
        leave();
        await fixture.settled();
      },
      // Request 1 opens, 2 stores the first answer and is lost; what comes then gives the run up.
      async (ask, n) => (n === 2 ? new Response("bad gateway", { status: 502 }) : ask()),
    );

    const again = await fixture.post("hello", { key: "k" });

    expect(again.body).toMatchObject({ status: "completed" });
    expect(await listCallers(fixture)).toEqual(["ada", "bob", "bob"]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("while its turn is committed changes nothing", async () => {
    const fixture = await createGoneFixture({}, 0);
    const { answer, leave } = postAndLeave(fixture, "@ada hello");
    const { result } = await watchDatabase(
      () => answer,
      async (ask, n) => {
        if (n === 2) leave();
        return ask();
      },
    );

    expect(result.status).toBe(201);
    expect(await fixture.turns()).toMatchObject([{ status: "completed" }]);
  });
});

describe("a client that disconnects from its stream", () => {
  test("for too long: its run stops, and its key streams the rest", async () => {
    const fixture = await createGoneFixture({ agents: ["ada", "bob"], mode: "roundtable" }, 0);
    await fixture.models.script(
      says("ada", "one"),
      says("bob", { deltas: ["ha", "lf"], hold_after_first: "g" }, 1),
    );
    const reader = readEvents(await fixture.stream("hello", key));
    await reader.until("TEXT_MESSAGE_CONTENT", ({ delta }) => delta === "ha");
    await answersStored(fixture, { steps: 1 });

    await reader.leave();
    await fixture.settled();

    expect(await hasLease(fixture)).toBe(false);
    const events = await readEvents(await fixture.stream("hello", key)).all();
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", result: { status: "completed" } });
    expect(await listCallers(fixture)).toEqual(["ada", "bob", "bob"]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("or does not read it counts as gone too, once its stream is cut", async () => {
    const talkative = ["ada", "bob", "cy", "dee", "eve", "fay", "gus"];
    const fixture = await createGoneFixture(
      { agents: [...talkative, "hal"], settings: { MAX_OUTPUT_TOKENS: "60000", TURN_MAX_CREDITS: "1000" } },
      0,
    );
    const long = { deltas: Array.from({ length: 40 }, () => "x".repeat(10_000)) };
    await fixture.models.script(says("hal", { text: "late", hold: "gate" }), { answer: long });
    await fixture.stream([...talkative, "hal"].map((one) => `@${one}`).join(" "), key);

    await fixture.settled();

    expect(await hasLease(fixture)).toBe(false);
    expect(fixture.api.lines).toContainEqual(
      expect.objectContaining({ event: "request_done", status: 200, stream: "backpressure" }),
    );
  });
});
