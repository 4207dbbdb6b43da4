import { describe, expect, test } from "vitest";
import { watchDatabase } from "../../support/database-requests.ts";
import { eventsOf, readEvents } from "../../support/event-reader.ts";
import type { ModelRule } from "../../support/models.ts";
import { createStreamFixture, type StreamFixture } from "../../support/streams.ts";
import { type FixtureOptions, nameOf, says } from "../../support/turn-fixture.ts";
import { managerPicks } from "../modes/support/model-calls.ts";
import { answersStored, expireLease, listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

const key = { "Idempotency-Key": "k" };
const late = { text: "late", hold: "gate" };

type Left = {
  fixture: FixtureOptions;
  rules: ModelRule[];
  message?: string;
  calls: number;
  stored: { steps?: number; answers?: number };
};

/** A stream whose holder is gone after so many calls. */
async function leaveStream({ fixture: options, rules, message = "hello", calls, stored }: Left) {
  const fixture = await createStreamFixture(options);
  await fixture.post(options.mode === undefined ? "@ada before" : "before");
  const before = await fixture.calls();
  await fixture.models.script(...rules);
  const lost = await fixture.stream(message, key);
  await fixture.models.wait({ calls: before + calls });
  await answersStored(fixture, stored);
  await expireLease(fixture);
  return { fixture, lost, before };
}

/** What everybody sees of the session, as AG-UI tells it. */
async function transcriptOf(fixture: StreamFixture) {
  const { body } = await fixture.api.as(fixture.owner).get(`/sessions/${fixture.sessionId}/messages`);
  type Row = {
    id: string;
    role: string;
    content: string;
    agent_name: string;
    agent_key: string;
    status: string;
  };
  return body.data.map(({ id, role, content, agent_name, agent_key, status }: Row) =>
    role === "user"
      ? { id, role, content }
      : { id, role, content, name: agent_name, metadata: { agent_key, status } },
  );
}

async function endOf({ fixture, lost }: { fixture: StreamFixture; lost: Response }) {
  await fixture.models.release("gate");
  // The events of the replaced holder may be gone: its reader is closed.
  await lost.text().catch(() => undefined);
  await fixture.settled();
  await expectLedgerMatchesCalls(fixture);
}

describe("a stream that is resumed", () => {
  test("begins with a snapshot of the session, and goes on with the agents that have not answered", async () => {
    const agents = ["ada", "bob", "cy"];
    const left = await leaveStream({
      fixture: { agents, mode: "roundtable" },
      rules: [says("ada", "one"), says("bob", "two"), says("cy", late, 1), says("cy", "three")],
      calls: 3,
      stored: { steps: 2 },
    });
    const { fixture } = left;

    const { result: events, requests } = await watchDatabase(async () =>
      readEvents(await fixture.stream("hello", key)).all(),
    );

    expect(events.map(({ type }) => type)).toEqual([
      ...["RUN_STARTED", "MESSAGES_SNAPSHOT", "SUBAGENT_STARTED", "TEXT_MESSAGE_START"],
      ...["TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "SUBAGENT_FINISHED", "RUN_FINISHED"],
    ]);
    const [snapshot] = eventsOf(events, "MESSAGES_SNAPSHOT");
    const transcript = await transcriptOf(fixture);
    // All but the last reply, under the ids that the messages were then stored with.
    expect(transcript).toHaveLength(8);
    expect(snapshot?.messages).toEqual(transcript.slice(0, -1));
    expect(eventsOf(events, "TEXT_MESSAGE_START")[0]?.messageId).toBe(transcript.at(-1).id);
    const [finished] = eventsOf(events, "RUN_FINISHED");
    expect(finished?.result).toMatchObject({
      status: "completed",
      turn_index: 2,
      // Open, the snapshot, commit.
      timing: { database_round_trips: 3, checkpoint_round_trips: requests.length - 3 },
    });
    await endOf(left);
  });

  test("during parallel answers has those that had arrived, in the order of the plan", async () => {
    const agents = ["ada", "bob", "cy", "dee"];
    const left = await leaveStream({
      fixture: { agents },
      message: "@ada @bob @cy @dee",
      rules: [says("bob", late, 1), says("dee", late, 1), says("cy", { status: 400 })],
      calls: 4,
      stored: { answers: 2 },
    });
    const { fixture } = left;

    const events = await readEvents(await fixture.stream("@ada @bob @cy @dee", key)).all();

    const [snapshot] = eventsOf(events, "MESSAGES_SNAPSHOT");
    const stored = await transcriptOf(fixture);
    const keys = snapshot?.messages
      .slice(2)
      .map((message) => ("name" in message ? message.name : message.content));
    expect(keys).toEqual(["@ada @bob @cy @dee", "Ada", "Cy"]);
    for (const message of snapshot?.messages ?? []) expect(stored).toContainEqual(message);
    const started = eventsOf(events, "SUBAGENT_STARTED").map(({ name }) => name);
    expect(started.sort()).toEqual([nameOf("bob"), nameOf("dee")]);
    await endOf(left);
  });

  test("before any answer has the user's message and the conversation before it", async () => {
    const left = await leaveStream({
      fixture: { agents: ["ada", "bob"], mode: "orchestrator" },
      rules: [managerPicks("bob"), says("bob", late, 2)],
      calls: 2,
      stored: { steps: 1 },
    });
    const { fixture } = left;

    const events = await readEvents(await fixture.stream("hello", key)).all();

    const [snapshot] = eventsOf(events, "MESSAGES_SNAPSHOT");
    const stored = await transcriptOf(fixture);
    expect(snapshot?.messages).toEqual(stored.slice(0, -1));
    expect(snapshot?.messages.at(-1)).toMatchObject({ role: "user", content: "hello" });
    await endOf(left);
  });

  test("and is resumed again gives the user's message the same id", async () => {
    const left = await leaveStream({
      fixture: { agents: ["ada", "bob"], mode: "roundtable" },
      rules: [says("ada", "one"), says("bob", late, 1), says("bob", late, 2)],
      calls: 2,
      stored: { steps: 1 },
    });
    const { fixture } = left;
    const reader = readEvents(await fixture.stream("hello", key));
    const first = await reader.until("MESSAGES_SNAPSHOT");
    await fixture.models.wait({ calls: left.before + 3 });
    await expireLease(fixture);

    const events = await readEvents(await fixture.stream("hello", key)).all();

    expect(eventsOf(events, "MESSAGES_SNAPSHOT")[0]?.messages).toEqual(first.messages);
    expect(await listCallers(fixture)).toEqual(["ada", "bob", "ada", "bob", "bob", "bob"]);
    await fixture.models.release("gate");
    await reader.next();
    await endOf(left);
  });

  test("of a retry has the new answers in place of the failures", async () => {
    const fixture = await createStreamFixture({ agents: ["ada", "bob", "cy"] });
    await fixture.models.script(says("ada", { status: 400 }), says("bob", { status: 400 }));
    const { body: turn } = await fixture.post("@ada @bob @cy hello");
    await fixture.models.script(says("ada", "at last"), says("bob", late, 1));
    const retry = () => fixture.send(`/turns/${turn.id}/retry/stream`, {}, key);
    const lost = await retry();
    await fixture.models.wait({ calls: 5 });
    await answersStored(fixture, { answers: 1 });
    await expireLease(fixture);

    const events = await readEvents(await retry()).all();

    const [snapshot] = eventsOf(events, "MESSAGES_SNAPSHOT");
    expect(snapshot?.messages.map(({ content }) => content)).toEqual([
      "@ada @bob @cy hello",
      expect.stringContaining("[[agent_error]] agent=Bob"),
      expect.stringContaining("ok from"),
      "at last",
    ]);
    expect(await transcriptOf(fixture)).toContainEqual(snapshot?.messages.at(-1));
    await endOf({ fixture, lost });
  });
});
