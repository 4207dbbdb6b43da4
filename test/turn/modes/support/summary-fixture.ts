import { createTurnFixture, type FixtureOptions, type TurnFixture } from "../../../support/turn-fixture.ts";

/**
 * A fixture of short turns whose summaries are due every other turn, all but the last one covered: the first in
 * turn 3 of turn 1, the next in turn 5 of turns 2 and 3.
 */
export async function createSummaryFixture(
  settings: Record<string, string> = {},
  options: FixtureOptions = {},
): Promise<TurnFixture> {
  return createTurnFixture({
    ...options,
    settings: {
      CONTEXT_SUMMARY_EVERY_TURNS: "2",
      CONTEXT_KEEP_RAW_TURNS: "1",
      SUMMARY_GRACE_MS: "60000",
      ...settings,
    },
  });
}

/** Posts so many turns to `@ada`, numbered on from those there are. */
export async function talk(fixture: TurnFixture, count: number) {
  const from = (await fixture.list("?limit=200")).body.data.length;
  const turns = [];
  for (let n = from + 1; n <= from + count; n += 1) {
    const answer = await fixture.post(`@ada word ${n}`);
    if (answer.status !== 201) throw new Error(`turn ${n}: ${answer.status} ${answer.text}`);
    turns.push(answer.body);
  }
  return turns;
}

/** Everything a summarizer can say that keeps to its contract. */
export const wholeStructure = {
  key_facts: ["The boat is red."],
  decisions: ["Sail on Monday."],
  open_questions: ["Who steers?"],
  action_items: ["Ada buys rope."],
};
