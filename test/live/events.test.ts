import { describe, expect, test } from "vitest";
import { readEvents } from "../support/event-reader.ts";
import { loseObject, passAlarm } from "../support/session-objects.ts";
import { createStreamFixture, type StreamFixture } from "../support/streams.ts";
import { says } from "../support/turn-fixture.ts";
import { endLease } from "../turn/recovery/support/abandoned-run.ts";

const held = says("ada", { deltas: ["first", " second"], hold_after_first: "more" });
const newId = () => crypto.randomUUID();

const follow = (room: StreamFixture, turnId: string, headers: Record<string, string> = {}, query = "") =>
  room.api.request(`/api/v1${room.turnsPath}/${turnId}/events${query}`, {
    headers: { Authorization: `Bearer ${room.token}`, ...headers },
  });

/** The frames of a whole stream, without comments. */
async function framesOf(response: Response): Promise<string[]> {
  const frames = (await response.text()).split("\n\n");
  return frames.filter((frame) => frame !== "" && !frame.startsWith(":"));
}

const idOf = (frame: string | undefined) => /^id: (.*)$/m.exec(frame ?? "")?.[1] ?? "";

/** A turn in the middle of an answer. */
async function startTurn() {
  const room = await createStreamFixture({ agents: ["ada"] }, held);
  const post = await room.stream("@ada go");
  const reader = readEvents(post);
  const { runId } = await reader.until("RUN_STARTED");
  await reader.until("TEXT_MESSAGE_CONTENT");
  return { room, turnId: runId, reader };
}

describe("a reader of a running turn", () => {
  test("without an id has all events, each once and with its id, and the same as who posted it", async () => {
    const { room, turnId, reader } = await startTurn();
    const second = await follow(room, turnId);
    const third = await follow(room, turnId);
    await room.models.release("more");

    const [frames, others] = await Promise.all([framesOf(second), framesOf(third)]);

    expect(others).toEqual(frames);
    const ids = frames.map(idOf);
    expect(ids).toEqual(ids.map((id, n) => `${id.split(".")[0]}.${n + 1}`));
    expect(frames.map((frame) => JSON.parse(frame.split("\ndata: ")[1] ?? ""))).toEqual(await reader.all());
    expect(await room.calls()).toBe(1);
  });

  test("with an id, in the header or the query, has what came after it", async () => {
    const { room, turnId } = await startTurn();
    const whole = await follow(room, turnId);
    await room.models.release("more");
    const frames = await framesOf(whole);
    const place = idOf(frames[2]);

    const after = await framesOf(await follow(room, turnId, { "Last-Event-ID": place }));
    const byQuery = await framesOf(await follow(room, turnId, {}, `?after=${place}`));

    expect(after).toEqual(frames.slice(3));
    expect(byQuery).toEqual(after);
  });

  test.each([
    ["of another holder", `${newId()}.3`],
    ["past the log", null],
  ])("with an id %s has a snapshot first, and no text twice", async (_which, id) => {
    const { room, turnId } = await startTurn();
    const epoch = (await room.claim())?.holder;

    const reader = readEvents(await follow(room, turnId, { "Last-Event-ID": id ?? `${epoch}.999` }));
    await reader.until("MESSAGES_SNAPSHOT");
    await room.models.release("more");
    const events = await reader.all();

    expect(events.map(({ type }) => type).slice(0, 3)).toEqual([
      "RUN_STARTED",
      "MESSAGES_SNAPSHOT",
      "SUBAGENT_STARTED",
    ]);
    expect(events[1]).toMatchObject({ messages: [{ role: "user", content: "@ada go" }] });
    expect(events.filter(({ type }) => type === "TEXT_MESSAGE_START")).toHaveLength(1);
  });

  test("is refused as the seventeenth, and the turn goes on", async () => {
    const { room, turnId } = await startTurn();
    const readers = [];
    for (let n = 0; n < 15; n += 1) readers.push(await follow(room, turnId));

    const refused = await follow(room, turnId);

    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: "too_many_readers" });
    await room.models.release("more");
    for (const reader of readers) expect((await framesOf(reader)).at(-1)).toContain("RUN_FINISHED");
    expect((await follow(room, turnId)).status).toBe(200);
  });

  test("whose object loses its memory rejoins when the run is resumed, and ends with the stored turn", async () => {
    const { room, turnId, reader } = await startTurn();
    await loseObject(room.sessionId);
    await reader.all().catch(() => undefined);
    await endLease(room);
    await passAlarm(room.sessionId);
    await room.models.wait({ calls: 2 });
    const again = await follow(room, turnId);
    await room.models.release("more");

    const events = await readEvents(again).all();

    expect(events.map(({ type }) => type).slice(0, 2)).toEqual(["RUN_STARTED", "MESSAGES_SNAPSHOT"]);
    expect(events.at(-1)).toMatchObject({
      type: "RUN_FINISHED",
      result: { status: "completed", assistant_output: "first second" },
    });
  });
});

describe("a reader of a turn that is over", () => {
  async function endTurn() {
    const { room, turnId, reader } = await startTurn();
    await room.models.release("more");
    await reader.all();
    return { room, turnId };
  }

  test("has its events again, also where the object has lost its memory", async () => {
    const { room, turnId } = await endTurn();
    const before = await framesOf(await follow(room, turnId));

    await loseObject(room.sessionId);

    expect(before.length).toBeGreaterThan(5);
    expect(await framesOf(await follow(room, turnId))).toEqual(before);
  });

  test("whose session has had another turn has the stored turn: the object keeps the latest run only", async () => {
    const { room, turnId } = await endTurn();
    await readEvents(await room.stream("@ada and then")).all();

    const frames = await framesOf(await follow(room, turnId));

    expect(frames).toHaveLength(3);
    expect(frames[1]).toContain("MESSAGES_SNAPSHOT");
  });

  test("with the last id is answered 204", async () => {
    const { room, turnId } = await endTurn();
    const last = idOf((await framesOf(await follow(room, turnId))).at(-1));

    const answer = await follow(room, turnId, { "Last-Event-ID": last });

    expect(answer.status).toBe(204);
    expect(await answer.text()).toBe("");
  });

  test("whose events are deleted has the stored turn, and 204 after its end", async () => {
    const { room, turnId } = await endTurn();
    await passAlarm(room.sessionId);

    const frames = await framesOf(await follow(room, turnId));

    expect(frames).toHaveLength(3);
    expect(frames[1]).toContain("MESSAGES_SNAPSHOT");
    expect(idOf(frames[2])).toBe(`${turnId}.end`);
    expect((await follow(room, turnId, { "Last-Event-ID": `${turnId}.end` })).status).toBe(204);
    expect((await follow(room, turnId, { "Last-Event-ID": `${newId()}.end` })).status).toBe(200);
  });
});

test.each(["1", "x.y", `${newId()}`, `${newId()}.-1`, ""])(
  "the id '%s' is 400 invalid_event_id",
  async (id) => {
    const room = await createStreamFixture({ agents: ["ada"] });
    const answer = await follow(room, newId(), {}, `?after=${id}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "invalid_event_id" });
  },
);

test("a turn that is not there has no events: 404", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  expect((await follow(room, newId())).status).toBe(404);
});
