import { describe, expect, test } from "vitest";
import { watchDatabase } from "../support/database-requests.ts";
import { createTurnFixture, type TurnFixture } from "../support/turn-fixture.ts";

/** One stored turn of so many messages, each of so many characters and beginning with its seq. */
async function storeHistory(
  { sql, sessionId }: TurnFixture,
  messages: number,
  characters: number,
  filling = "word ",
): Promise<void> {
  const turnId = crypto.randomUUID();
  await sql.transaction([
    sql`insert into turns (id, session_id, turn_index, mode, user_input, assistant_output, status,
      model_alias_used, created_at) values (${turnId}, ${sessionId}, 1, 'tag', 'x', 'y', 'completed', 'llama', now())`,
    sql`insert into turn_runs (id, turn_id, session_id, kind, request_hash, committed_by, created_at)
      values (${turnId}, ${turnId}, ${sessionId}, 'turn', 'x', ${turnId}, now())`,
    sql`insert into messages (id, session_id, turn_id, run_id, seq, role, agent_key, agent_name, status, content,
      created_at) select gen_random_uuid(), ${sessionId}, ${turnId}, ${turnId}, n, 'assistant', 'bob', 'Bob',
      'completed', rpad('#' || n || '# ', ${characters}::int, ${filling}), now() from generate_series(1, ${messages}::int) n`,
  ]);
}

const seqsOf = (messages: { content: string }[]) =>
  messages.flatMap(({ content }) => [...content.matchAll(/#(\d+)#/g)].map(([, seq]) => Number(seq)));

describe("in a session of any length, a turn reads a limited amount", () => {
  test("of rows: of 450 short messages the newest 400 are shown", async () => {
    const fixture = await createTurnFixture();
    await storeHistory(fixture, 450, 10);

    const { body } = await fixture.post("@ada hello");

    expect(body).toMatchObject({ status: "completed", turn_index: 2 });
    const [call] = await fixture.models.journal();
    expect(seqsOf(call?.messages ?? [])).toEqual(Array.from({ length: 400 }, (_, n) => 51 + n));
    expect(call?.messages).toHaveLength(2);
  });

  test.each([
    ["of control characters", "\u0001"],
    ["of Japanese", "語"],
  ])("of bytes: messages %s fit into an answer of the database", async (_what, filling) => {
    const model = {
      alias: "large",
      provider: "own",
      model: "own/large",
      context_window: 1_000_000,
      multiplier: 1,
    };
    const fixture = await createTurnFixture({
      agents: [{ key: "ada", modelAlias: "large" }],
      settings: { MODELS_JSON: JSON.stringify([model]) },
    });
    await storeHistory(fixture, 80, 50_000, filling);

    const { result, requests } = await watchDatabase(() => fixture.post("@ada hello"));

    expect(result).toMatchObject({ status: 201, body: { turn_index: 2 } });
    expect(requests).toHaveLength(2);
    const [{ answerBytes } = { answerBytes: 0 }] = requests;
    expect(answerBytes).toBeGreaterThan(1_024 * 1_024);
    expect(answerBytes).toBeLessThan(4 * 1_024 * 1_024);
    const [call] = await fixture.models.journal();
    expect(seqsOf(call?.messages ?? []).at(-1)).toBe(80);
  });

  test("of characters: the answer of the database does not grow with the session", async () => {
    const fixture = await createTurnFixture();
    await storeHistory(fixture, 390, 10_000);

    const { result, requests } = await watchDatabase(() => fixture.post("@ada hello"));

    expect(result.body.status).toBe("completed");
    expect(requests).toHaveLength(2);
    // Of 3.9 million characters: what a window holds, and the oldest ones for a summary.
    expect(requests[0]?.answerBytes).toBeLessThan(1_000_000);
  });

  test("of tokens: the newest messages that fit the agent's model are shown", async () => {
    const model = {
      alias: "small",
      provider: "own",
      model: "small/one",
      context_window: 4_096,
      multiplier: 1,
    };
    const fixture = await createTurnFixture({
      agents: [{ key: "ada", modelAlias: "small" }],
      settings: { MODELS_JSON: JSON.stringify([model]) },
    });
    await storeHistory(fixture, 50, 400);

    const { body } = await fixture.post("@ada hello");

    const [call] = await fixture.models.journal();
    const seqs = seqsOf(call?.messages ?? []);
    expect(seqs.at(-1)).toBe(50);
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, n) => 51 - seqs.length + n));
    expect(seqs.length).toBeGreaterThan(5);
    const [{ input_budget, estimated_tokens_after_prune }] = (await fixture.read(body.id)).body.audit;
    expect(estimated_tokens_after_prune).toBeLessThanOrEqual(input_budget);
  });
});
