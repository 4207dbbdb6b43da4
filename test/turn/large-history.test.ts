import { describe, expect, test } from "vitest";
import { recoverAbandonedRuns } from "../../src/turn/recover-abandoned.ts";
import type { Json } from "../support/api.ts";
import { watchDatabase } from "../support/database-requests.ts";
import { control, type LargeTurns, seedLargeTurns } from "../support/large-session.ts";
import { walkPages } from "../support/pages.ts";
import { noHosts } from "../support/session-objects.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

// Neon's endpoint gives no answer over 10 MiB, and neither does the local one.

async function createLargeFixture(large: LargeTurns) {
  // The model with the largest window: it is shown everything that the others are shown.
  const fixture = await createTurnFixture({ agents: [{ key: "ada", modelAlias: "premium" }] });
  const { sessionId, owner } = fixture;
  const turnIds = await seedLargeTurns({ sessionId, userId: owner.userId, agentKey: "ada" }, large);
  const client = fixture.api.as(owner);
  return { ...fixture, turnIds, client, messagesPath: `/sessions/${sessionId}/messages` };
}

/** More than any answer of the database can hold, had it been stored before turns had a size. */
const huge = { turns: 1, character: control, replyCharacters: 2_000_000 };
const withTools = { privateMessages: 12, privateCharacters: 30_000, toolEvents: 12, toolCharacters: 30_000 };

describe("the turns of a session", () => {
  test("that used many tools are listed, in pages that fit", async () => {
    const { client, turnsPath, turnIds } = await createLargeFixture({ turns: 24, ...withTools });
    const pages = await walkPages(client, turnsPath, 200);
    expect(pages.flat().map(({ id }) => id)).toEqual(turnIds);
    expect(pages.length).toBeGreaterThan(1);
    for (const turn of pages.flat()) {
      expect(turn.tool_calls).toHaveLength(12);
      expect(turn.tool_calls[0].output.text).toHaveLength(30_000);
    }
  });

  test("are listed without reading private messages", async () => {
    const large = { turns: 24, privateMessages: 4, privateCharacters: 200_000 };
    const { list, turnIds } = await createLargeFixture(large);
    const { result, requests } = await watchDatabase(() => list("?limit=200"));
    expect(result.body.data).toHaveLength(turnIds.length);
    expect(requests.map(({ answerBytes }) => answerBytes < 100_000)).toEqual([true]);
  });

  test("whose texts have six times their bytes as JSON are listed, in pages that fit", async () => {
    const { client, turnsPath, turnIds } = await createLargeFixture({
      turns: 40,
      character: control,
      replyCharacters: 60_000,
    });
    const pages = await walkPages(client, turnsPath, 200);
    expect(pages.flat().map(({ id }) => id)).toEqual(turnIds);
    expect(pages.flat().every(({ replies }) => replies[0].content.length === 60_000)).toBe(true);
  });

  test("of which one is larger than a page are listed, with its texts cut and marked", async () => {
    const { list, turnIds } = await createLargeFixture({ ...huge, toolEvents: 3, toolCharacters: 1_000_000 });
    const [turn] = (await list()).body.data;
    expect(turn.id).toBe(turnIds[0]);
    expect(turn.replies[0]).toMatchObject({ content_cut: true, content: control.repeat(10_000) });
    expect(turn.assistant_output).toBe(turn.replies[0].content);
    expect(turn.tool_calls).toEqual(
      Array(3).fill(expect.objectContaining({ texts_cut: true, output: null })),
    );
  });
});

test("a turn of any size is read, with its texts cut where necessary", async () => {
  const { read, turnIds } = await createLargeFixture({
    ...huge,
    privateMessages: 8,
    privateCharacters: 400_000,
    toolEvents: 8,
    toolCharacters: 400_000,
  });
  const { status, body } = await read(turnIds[0] ?? "");
  expect(status).toBe(200);
  expect(body.messages.map(({ content_cut }: Json) => content_cut)).toEqual([undefined, true]);
  expect(body.tool_calls).toHaveLength(8);
});

describe("the transcript", () => {
  test("of control characters is read in pages that fit", async () => {
    const { client, messagesPath } = await createLargeFixture({
      turns: 30,
      character: control,
      replyCharacters: 100_000,
    });
    const pages = await walkPages(client, messagesPath, 200);
    expect(pages.flat().map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    expect(pages.flat().some((message) => "content_cut" in message)).toBe(false);
  });

  test("has a message that is larger than a page, cut, and the messages after it", async () => {
    const { client, messagesPath } = await createLargeFixture({ ...huge, turns: 2 });
    const pages = await walkPages(client, messagesPath, 200);
    expect(pages.flat().map(({ content_cut }) => content_cut)).toEqual([undefined, true, undefined, true]);
  });
});

test("summaries of any number and size are read in pages that fit", async () => {
  const { client, sessionId, sql, turnIds } = await createLargeFixture({ turns: 60 });
  await sql`insert into session_summaries (id, session_id, turn_id, made_in_turn_index, from_seq, to_seq, summary_text,
      key_facts, decisions, open_questions, action_items, used_fallback, created_at)
    select gen_random_uuid(), ${sessionId}, ${turnIds[0]}, 1, n, n, repeat(${control}, 4000),
      to_jsonb(array_fill(repeat(${control}, 500), array[50])), to_jsonb(array_fill(repeat(${control}, 500), array[50])),
      '[]', '[]', false, now() from generate_series(1, 60) n`;
  const pages = await walkPages(client, `/sessions/${sessionId}/summaries`, 200);
  expect(pages.flat().map(({ to_seq }) => to_seq)).toEqual(Array.from({ length: 60 }, (_, n) => 60 - n));
});

describe("a session with any texts goes on", () => {
  test("with another turn, after answers of control characters", async () => {
    const { post } = await createLargeFixture({ turns: 60, character: control, replyCharacters: 60_000 });
    expect(await post("@ada go on")).toMatchObject({ status: 201, body: { turn_index: 61 } });
  });

  test("with another turn, after tool results of control characters", async () => {
    const { post } = await createLargeFixture({
      turns: 30,
      character: control,
      privateMessages: 10,
      privateCharacters: 10_000,
    });
    expect(await post("@ada go on")).toMatchObject({ status: 201, body: { turn_index: 31 } });
  });

  test("with a retry of its last turn", async () => {
    const fixture = await createLargeFixture({ ...huge, turns: 1, ...withTools, lastStatus: "failed" });
    await fixture.sql`update messages set content = repeat(${control}, 300000)
      where session_id = ${fixture.sessionId} and visibility = 'private'`;
    await fixture.models.script(says("ada", "Now."));
    const retried = await fixture.client.post(`${fixture.turnsPath}/${fixture.turnIds[0]}/retry`);
    expect(retried).toMatchObject({ status: 201, body: { status: "completed", assistant_output: "Now." } });
  });

  test("with a retry that the scheduled job settles after its holder is gone", async () => {
    const fixture = await createLargeFixture({ ...huge, turns: 1, ...withTools, lastStatus: "failed" });
    await fixture.sql`update messages set content = repeat(${control}, 300000)
      where session_id = ${fixture.sessionId} and visibility = 'private'`;
    const snapshot = {
      roomId: fixture.roomId,
      goal: null,
      mode: "manual",
      consumesPendingMode: false,
      userMessageId: crypto.randomUUID(),
      roster: [],
    };
    await fixture.sql`insert into turn_claims (session_id, run_id, turn_id, kind, turn_index, request_hash, request,
        snapshot, holder, lease_until)
      values (${fixture.sessionId}, gen_random_uuid(), ${fixture.turnIds[0]}, 'retry', 1, 'x', '{"message": "hello"}',
        ${JSON.stringify(snapshot)}, gen_random_uuid(), now() - interval '1 minute')`;
    await recoverAbandonedRuns({ ...fixture.api.deps, hosts: noHosts });
    expect(await fixture.claim()).toBeUndefined();
    const failures = fixture.api.lines.filter(({ event }) => event === "recovery_failed");
    expect(failures.filter(({ session_id }) => session_id === fixture.sessionId)).toEqual([]);
  });
});
