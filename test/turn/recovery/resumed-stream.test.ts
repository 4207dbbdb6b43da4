import { describe, expect, test } from "vitest";
import { watchDatabase } from "../../support/database-requests.ts";
import { eventsOf, readEvents } from "../../support/event-reader.ts";
import type { ModelRule } from "../../support/models.ts";
import { createStreamScene, type StreamScene } from "../../support/streams.ts";
import { nameOf, type SceneOptions, says } from "../../support/turn-scene.ts";
import { managerPicks } from "../modes/support/asked.ts";
import { expectLedgerMatchesCalls } from "./support/books.ts";
import { asked, flushed, lapse } from "./support/dead-holder.ts";

const key = { "Idempotency-Key": "k" };
const late = { text: "late", hold: "gate" };

type Left = {
  scene: SceneOptions;
  rules: ModelRule[];
  message?: string;
  calls: number;
  stored: { steps?: number; answers?: number };
};

/** A stream whose holder is gone after so many calls. */
async function leaveStream({ scene: options, rules, message = "hello", calls, stored }: Left) {
  const scene = await createStreamScene(options);
  await scene.post(options.mode === undefined ? "@ada before" : "before");
  const before = await scene.calls();
  await scene.models.script(...rules);
  const lost = await scene.stream(message, key);
  await scene.models.wait({ calls: before + calls });
  await flushed(scene, stored);
  await lapse(scene);
  return { scene, lost, before };
}

/** What everybody sees of the session, as AG-UI tells it. */
async function transcriptOf(scene: StreamScene) {
  const { body } = await scene.api.as(scene.owner).get(`/sessions/${scene.sessionId}/messages`);
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

async function endOf({ scene, lost }: { scene: StreamScene; lost: Response }) {
  await scene.models.release("gate");
  await lost.text();
  await scene.settled();
  await expectLedgerMatchesCalls(scene);
}

describe("a stream that is resumed", () => {
  test("begins with the session as it stands, and goes on with who has not answered", async () => {
    const agents = ["ada", "bob", "cy"];
    const left = await leaveStream({
      scene: { agents, mode: "roundtable" },
      rules: [says("ada", "one"), says("bob", "two"), says("cy", late, 1), says("cy", "three")],
      calls: 3,
      stored: { steps: 2 },
    });
    const { scene } = left;

    const { result: events, requests } = await watchDatabase(async () =>
      readEvents(await scene.stream("hello", key)).all(),
    );

    expect(events.map(({ type }) => type)).toEqual([
      ...["RUN_STARTED", "MESSAGES_SNAPSHOT", "SUBAGENT_STARTED", "TEXT_MESSAGE_START"],
      ...["TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "SUBAGENT_FINISHED", "RUN_FINISHED"],
    ]);
    const [snapshot] = eventsOf(events, "MESSAGES_SNAPSHOT");
    const transcript = await transcriptOf(scene);
    // All but the last reply, under the ids that the messages were then stored with.
    expect(transcript).toHaveLength(8);
    expect(snapshot?.messages).toEqual(transcript.slice(0, -1));
    expect(eventsOf(events, "TEXT_MESSAGE_START")[0]?.messageId).toBe(transcript.at(-1).id);
    const [finished] = eventsOf(events, "RUN_FINISHED");
    expect(finished?.result).toMatchObject({
      ...{ status: "completed", turn_index: 2 },
      // Open, the snapshot, commit.
      timing: { database_round_trips: 3, checkpoint_round_trips: requests.length - 3 },
    });
    await endOf(left);
  });

  test("in the middle of a fan-out has the answers that were in, in the plan's order", async () => {
    const agents = ["ada", "bob", "cy", "dee"];
    const left = await leaveStream({
      scene: { agents },
      message: "@ada @bob @cy @dee",
      rules: [says("bob", late, 1), says("dee", late, 1), says("cy", { status: 400 })],
      calls: 4,
      stored: { answers: 2 },
    });
    const { scene } = left;

    const events = await readEvents(await scene.stream("@ada @bob @cy @dee", key)).all();

    const [snapshot] = eventsOf(events, "MESSAGES_SNAPSHOT");
    const stored = await transcriptOf(scene);
    const keys = snapshot?.messages
      .slice(2)
      .map((message) => ("name" in message ? message.name : message.content));
    expect(keys).toEqual(["@ada @bob @cy @dee", "Ada", "Cy"]);
    for (const message of snapshot?.messages ?? []) expect(stored).toContainEqual(message);
    const started = eventsOf(events, "SUBAGENT_STARTED").map(({ name }) => name);
    expect(started.sort()).toEqual([nameOf("bob"), nameOf("dee")]);
    await endOf(left);
  });

  test("before anybody had answered has the user's message, and what was said before", async () => {
    const left = await leaveStream({
      scene: { agents: ["ada", "bob"], mode: "orchestrator" },
      rules: [managerPicks("bob"), says("bob", late, 2)],
      calls: 2,
      stored: { steps: 1 },
    });
    const { scene } = left;

    const events = await readEvents(await scene.stream("hello", key)).all();

    const [snapshot] = eventsOf(events, "MESSAGES_SNAPSHOT");
    const stored = await transcriptOf(scene);
    expect(snapshot?.messages).toEqual(stored.slice(0, -1));
    expect(snapshot?.messages.at(-1)).toMatchObject({ role: "user", content: "hello" });
    await endOf(left);
  });

  test("and is resumed once more gives the user's message the same id", async () => {
    const left = await leaveStream({
      scene: { agents: ["ada", "bob"], mode: "roundtable" },
      rules: [says("ada", "one"), says("bob", late, 1), says("bob", late, 2)],
      calls: 2,
      stored: { steps: 1 },
    });
    const { scene } = left;
    const reader = readEvents(await scene.stream("hello", key));
    const first = await reader.until("MESSAGES_SNAPSHOT");
    await scene.models.wait({ calls: left.before + 3 });
    await lapse(scene);

    const events = await readEvents(await scene.stream("hello", key)).all();

    expect(eventsOf(events, "MESSAGES_SNAPSHOT")[0]?.messages).toEqual(first.messages);
    expect(await asked(scene)).toEqual(["ada", "bob", "ada", "bob", "bob", "bob"]);
    await scene.models.release("gate");
    await reader.next();
    await endOf(left);
  });

  test("as a retry has the new answers in the place of the failures", async () => {
    const scene = await createStreamScene({ agents: ["ada", "bob", "cy"] });
    await scene.models.script(says("ada", { status: 400 }), says("bob", { status: 400 }));
    const { body: turn } = await scene.post("@ada @bob @cy hello");
    await scene.models.script(says("ada", "at last"), says("bob", late, 1));
    const retry = () => scene.send(`/turns/${turn.id}/retry`, {}, { Accept: "text/event-stream", ...key });
    const lost = await retry();
    await scene.models.wait({ calls: 5 });
    await flushed(scene, { answers: 1 });
    await lapse(scene);

    const events = await readEvents(await retry()).all();

    const [snapshot] = eventsOf(events, "MESSAGES_SNAPSHOT");
    expect(snapshot?.messages.map(({ content }) => content)).toEqual([
      "@ada @bob @cy hello",
      expect.stringContaining("[[agent_error]] agent=Bob"),
      expect.stringContaining("ok from"),
      "at last",
    ]);
    expect(await transcriptOf(scene)).toContainEqual(snapshot?.messages.at(-1));
    await endOf({ scene, lost });
  });
});

test("a plain answer that is resumed reads nothing for a snapshot", async () => {
  const left = await leaveStream({
    scene: { agents: ["ada", "bob"], mode: "roundtable" },
    rules: [says("bob", late, 1)],
    calls: 2,
    stored: { steps: 1 },
  });

  const { headers } = await left.scene.post("hello", { key: "k" });

  expect(headers.get("Server-Timing")).toContain('db;desc="2"');
  await endOf(left);
});
