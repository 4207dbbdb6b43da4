import { turnBounds } from "../../../src/domain/turn/turn-limiter.ts";
import { says } from "../../support/fixture-agents.ts";
import type { ModelRule } from "../../support/node/model-script.ts";
import { fixtureTagOf } from "../faults/testbed/scenario-tag.ts";
import { createSessionFixture, type SessionFixture } from "../faults/testbed/session-fixture.ts";
import type { Testbed } from "../faults/testbed/testbed.ts";
import type { Workerd } from "../faults/testbed/workerd.ts";

const agents = Array.from({ length: 12 }, (_, index) => `agent${index}`);
/** They use up the tool calls of the turn. */
const searching = agents.slice(0, turnBounds.maxToolCallsPerTurn / turnBounds.maxToolCallsPerAgent);
const rounds = turnBounds.maxToolCallsPerAgent / turnBounds.maxToolCallsPerAnswer;

/** Three bytes each. What the calls of tools take of the bound is left free. */
const replyCharacters = Math.floor((turnBounds.maxModelBytesPerTurn * 0.97) / agents.length / 3);

/** As long as a search keeps it. */
const longResult = {
  title: "検".repeat(200),
  url: `https://example.com/${"x".repeat(900)}`,
  content: "索".repeat(500),
};

/** A session whose turns have twelve replies of nearly 1 MiB together, and 48 searches with long results. */
export async function createLargestTurns(testbed: Testbed, worker: Workerd) {
  const options = { mode: "manual", agents, withTools: true, hasBudgets: false } as const;
  const fixture = await createSessionFixture(testbed, worker, options);
  testbed.peers.answerSearches(fixture.id, Array(5).fill(longResult));
  return { fixture, post: () => postLargestTurn(fixture, worker) };
}

/** @throws where the turn is smaller than planned. */
async function postLargestTurn(fixture: SessionFixture, worker: Workerd): Promise<void> {
  fixture.models.journal.clear();
  fixture.models.follow({ rules: rulesOf(fixture) });
  const { status, body } = await fixture.post(worker, { request: fixture.nextRequest() });
  const characters = body?.assistant_output?.length ?? 0;
  const isLargest =
    status === 201 &&
    body.status === "completed" &&
    body.tool_calls.length === turnBounds.maxToolCallsPerTurn &&
    characters >= agents.length * replyCharacters;
  if (!isLargest)
    throw new Error(`A turn is not of the planned size: ${status} ${JSON.stringify(body).slice(0, 400)}`);
}

function rulesOf({ id }: SessionFixture): ModelRule[] {
  const search = (round: number) =>
    Array.from({ length: turnBounds.maxToolCallsPerAnswer }, (_, n) => ({
      name: "search",
      arguments: JSON.stringify({ query: `${fixtureTagOf(id)} ${round} ${n}` }),
    }));
  const searches = searching.flatMap((agentKey) =>
    Array.from({ length: rounds }, (_, index) => says(agentKey, { tool_calls: search(index) }, index + 1)),
  );
  const reply = "答".repeat(replyCharacters);
  return [...searches, { match: { contains: "You play <" }, answer: { text: reply } }];
}
