import { describe, expect, test, vi } from "vitest";
import type { RoomMode } from "../../../src/domain/plan/modes.ts";
import type { Json } from "../../support/api.ts";
import { watchDatabase } from "../../support/database-requests.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { seqsIn, storedAudits, storedSummaries, upTo } from "./support/history.ts";
import { callerOf, databaseTrips, managerPicks } from "./support/model-calls.ts";
import { textOf, tinyBudget, tinySettings, tinyWindow, windowUsed } from "./support/small-model.ts";

vi.setConfig({ testTimeout: 120_000 });

const turns = 60;
const keepRawTurns = 4;

type Session = { name: string; mode: RoomMode; said: number; answered: number; routing: number };

const sessions: Session[] = [
  { name: "long messages", mode: "roundtable", said: 3_000, answered: 900, routing: 0 },
  { name: "long answers", mode: "orchestrator", said: 800, answered: 3_500, routing: 1 },
  { name: "both long", mode: "tag", said: 3_000, answered: 3_000, routing: 0 },
];

/** Lengths go up and down, so that no turn fills the window like the one before. */
const lengthOf = (typical: number, turn: number) => Math.round(typical * (0.4 + ((turn * 7) % 11) / 10));

async function holdSession({ mode, said, answered }: Session) {
  const agents = ["ada", "bob"].map((key) => ({ key, modelAlias: "tiny" }));
  const fixture = await createTurnFixture({ agents, mode, settings: tinySettings() });
  const answers: { turn: Json; calls: string[]; trips: string | undefined; openBytes: number }[] = [];
  for (let n = 1; n <= turns; n += 1) {
    await fixture.models.script(
      managerPicks("ada", "bob"),
      says("ada", textOf(lengthOf(answered, n), `ada in turn ${n}`)),
      says("bob", textOf(lengthOf(answered, n + 3), `bob in turn ${n}`)),
    );
    const before = (await fixture.models.journal()).length;
    const { result, requests } = await watchDatabase(() =>
      fixture.post(textOf(lengthOf(said, n), `@ada @bob ${n}`)),
    );
    const calls = (await fixture.models.journal()).slice(before).map(callerOf);
    if (result.status !== 201) throw new Error(`turn ${n}: ${result.text}`);
    answers.push({
      turn: result.body,
      calls,
      trips: databaseTrips(result.headers),
      openBytes: requests[0]?.answerBytes ?? 0,
    });
  }
  return { fixture, answers };
}

/** Whether a summary was due, worked out from what is on record before the turn. */
async function dueTurns(fixture: TurnFixture): Promise<number[]> {
  const [audits, summaries] = [await storedAudits(fixture), await storedSummaries(fixture)];
  const userSeqs = await fixture.sql`select t.turn_index, min(m.seq) as first_seq from messages m
    join turns t on t.id = m.turn_id where m.session_id = ${fixture.sessionId} group by 1 order by 1`;
  return upTo(turns).filter((index) => {
    const last = summaries.findLast(({ made_in_turn_index }) => made_in_turn_index < index);
    const first = audits.find(({ turn_index }) => turn_index === index);
    const isFull = first.estimated_tokens_before >= 0.7 * first.input_budget;
    const isTime = index - (last?.made_in_turn_index ?? 1) >= 8;
    const oldestRaw = userSeqs.find(({ first_seq }) => first_seq === (last?.to_seq ?? 0) + 1)?.turn_index;
    return (isFull || isTime) && oldestRaw <= index - 1 - keepRawTurns;
  });
}

describe.each(sessions)("a session of 60 turns in a window of 8,192 tokens: $name, $mode", (session) => {
  let held: Promise<Awaited<ReturnType<typeof holdSession>>> | undefined;
  const hold = () => (held ??= holdSession(session));

  test("never overflows: every turn completes, and no call asks for more than the window", {
    timeout: 120_000,
  }, async () => {
    const { fixture, answers } = await hold();

    expect(answers.map(({ turn }) => turn.status)).toEqual(answers.map(() => "completed"));
    expect(answers.filter(({ turn }) => turn.overflow_rejected)).toEqual([]);
    const journal = await fixture.models.journal();
    expect(journal.length).toBeGreaterThan(2 * turns);
    for (const call of journal.filter((one) => callerOf(one) !== "manager")) {
      expect(windowUsed(call), callerOf(call)).toBeLessThanOrEqual(tinyWindow);
    }
  });

  test("calls exactly the agents, and the models for routing and summaries that are due", async () => {
    const { fixture, answers } = await hold();

    const due = await dueTurns(fixture);
    expect(due.length).toBeGreaterThan(10);
    expect(answers.flatMap(({ turn }) => (turn.summary_triggered ? [turn.turn_index] : []))).toEqual(due);
    for (const { turn, calls, trips } of answers) {
      const summary = due.includes(turn.turn_index) ? ["summary_structure", "summary_text"] : [];
      const routing = session.routing === 1 ? ["manager"] : [];
      expect(calls.toSorted(), `turn ${turn.turn_index}`).toEqual(["ada", "bob", ...routing, ...summary]);
      expect(trips).toBe("2");
    }
  });

  test("summarises every message once", async () => {
    const { fixture } = await hold();
    const summaries = await storedSummaries(fixture);

    expect(summaries[0].from_seq).toBe(1);
    for (const [place, { from_seq }] of summaries.slice(1).entries()) {
      expect(from_seq).toBe(summaries[place].to_seq + 1);
    }
    // Each stage was shown every message of its range, once.
    const journal = await fixture.models.journal();
    const texts = journal
      .filter((call) => callerOf(call) === "summary_text")
      .map(({ messages }) => messages[1]?.content);
    for (const n of upTo(summaries.at(-1).turn_index - 10)) {
      for (const mark of [`@ada @bob ${n} `, `ada in turn ${n} `, `bob in turn ${n} `]) {
        expect(
          texts.filter((text) => text?.includes(mark)),
          mark,
        ).toHaveLength(1);
      }
    }
  });

  test("shows each agent the summary and the messages after it, and the audit accounts for each message", async () => {
    const { fixture } = await hold();
    const summaries = new Map((await storedSummaries(fixture)).map((row) => [row.id, row.to_seq]));

    const audits = await storedAudits(fixture);
    expect(audits).toHaveLength(2 * turns);
    for (const { turn_index, agent_key, summary_id, included, dropped, last_seq_before } of audits) {
      const left = dropped.map(({ from, to }: { from: number; to: number }) => [from, to]);
      const covered = [...upTo(summaries.get(summary_id) ?? 0), ...seqsIn([...included, ...left])];
      expect(
        covered.toSorted((a, b) => a - b),
        `${agent_key} in turn ${turn_index}`,
      ).toEqual(upTo(last_seq_before));
    }
  });

  test("never leaves out the user messages of the last four turns", async () => {
    const { fixture } = await hold();
    const users =
      await fixture.sql`select m.seq, t.turn_index from messages m join turns t on t.id = m.turn_id
      where m.session_id = ${fixture.sessionId} and m.role = 'user' order by m.seq`;

    for (const { turn_index, agent_key, included } of await storedAudits(fixture)) {
      const last = users.filter(
        (user) => user.turn_index < turn_index && user.turn_index >= turn_index - keepRawTurns,
      );
      const seqs = last.map(({ seq }) => seq);
      expect(seqsIn(included), `${agent_key} in turn ${turn_index}`).toEqual(expect.arrayContaining(seqs));
    }
  });

  test("stays within the budget by the provider's own count", async () => {
    const { fixture } = await hold();
    for (const audit of await storedAudits(fixture)) {
      expect(audit.input_budget).toBe(tinyBudget.input);
      expect(audit.estimated_tokens_after_prune).toBeLessThanOrEqual(tinyBudget.input);
      expect(audit.counted_input_tokens).toBeLessThanOrEqual(tinyBudget.input);
    }
  });

  test("reads no more from the database for its last turns than for earlier ones", async () => {
    const { answers } = await hold();
    const maxBytes = (from: number, to: number) =>
      Math.max(...answers.slice(from - 1, to).map(({ openBytes }) => openBytes));

    expect(maxBytes(11, 30)).toBeGreaterThan(10_000);
    expect(maxBytes(41, 60)).toBeLessThanOrEqual(1.25 * maxBytes(11, 30));
  });
});
