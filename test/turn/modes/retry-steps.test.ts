import { describe, expect, test } from "vitest";
import { createTurnFixture, type TurnFixture } from "../../support/turn-fixture.ts";
import {
  agentSays,
  callerOf,
  conversationIn,
  laterAgentSays,
  laterManagerSays,
  managerPicks,
  replySteps,
  synthesisSays,
} from "./support/model-calls.ts";
import { retry, transcripts } from "./support/retry-fixture.ts";

const failure = { status: 400 };
const picks = (...keys: string[]) => JSON.stringify({ selected_agent_keys: keys });

/** A turn of two rounds in which Ada answers in both, and one of her answers fails. */
async function failOneOf(step: "ada#1" | "ada#2", synthesis = "off") {
  const fixture = await createTurnFixture({
    agents: ["ada", "bob"],
    mode: "orchestrator",
    orchestration: { maxRounds: 2, synthesis },
  });
  await fixture.models.script(
    laterManagerSays(picks("ada")),
    managerPicks("ada", "bob"),
    synthesisSays("in one"),
    // A manager that reads of a failure may pick the agent again: its next answer is its second step.
    laterAgentSays("ada", step === "ada#2" ? failure : "second of Ada"),
    agentSays("ada", step === "ada#1" ? failure : "first of Ada", 1),
    agentSays("ada", "second of Ada"),
    agentSays("bob", "first of Bob"),
  );
  const { body: first } = await fixture.post("hello");
  const before = (await fixture.models.journal()).length;
  await fixture.models.script(agentSays("ada", "now I can"));
  const { body } = await retry(fixture, first.id);
  const calls = (await fixture.models.journal()).slice(before);
  return { fixture, first, body, calls };
}

const stepsOf = (rows: { step: string | null }[]) => rows.map(({ step }) => step);

async function detailOf(fixture: TurnFixture, turnId: string) {
  return (await fixture.read(turnId)).body;
}

describe.each([
  { step: "ada#1", place: 0, sent: ["[Bob]: first of Bob", "[Ada]: second of Ada"] },
  { step: "ada#2", place: 2, sent: ["[Ada]: first of Ada", "[Bob]: first of Bob"] },
] as const)("the retry of $step, whose agent answered another time in the turn", ({ step, place, sent }) => {
  test("asks that step alone, and no manager, with every answer of the turn", async () => {
    const { calls, first } = await failOneOf(step);

    expect(first.status).toBe("partial");
    expect(calls.map(callerOf)).toEqual(["ada"]);
    expect(conversationIn(calls[0])).toEqual(["hello", ...sent]);
    expect(calls[0]?.messages[0]?.content).toContain("You are asked again in this turn.");
  });

  test("keeps its id, its round and its place", async () => {
    const { body, first } = await failOneOf(step);

    expect(body.status).toBe("completed");
    expect(replySteps(body)).toEqual(["ada#1", "bob#1", "ada#2"]);
    expect(body.replies[place]).toMatchObject({
      step,
      content: "now I can",
      round: first.replies[place].round,
    });
    const others = [0, 1, 2].filter((other) => other !== place);
    for (const other of others) expect(body.replies[other]).toEqual(first.replies[other]);
  });

  test("supersedes its own failure only, and has ledger and audit rows of its own", async () => {
    const { fixture, first, body } = await failOneOf(step);

    const { llm_calls, audit } = await detailOf(fixture, first.id);
    expect(stepsOf(llm_calls).toSorted()).toEqual(["ada#1", "ada#2", "bob#1"]);
    expect(new Set(llm_calls.map(({ id }: { id: string }) => id)).size).toBe(3);
    expect(stepsOf(audit)).toEqual(["ada#1", "bob#1", "ada#2", step]);
    const { all } = await transcripts(fixture);
    const [superseding] = all.filter(
      ({ supersedes_id }: { supersedes_id: string }) => supersedes_id !== null,
    );
    expect(superseding).toMatchObject({
      id: body.replies[place].message_id,
      supersedes_id: first.replies[place].message_id,
      step,
    });
    expect(all).toHaveLength(1 + 3 + 1);
  });
});

test("a synthesis that is kept is marked as stale once an answer of a later round was retried", async () => {
  const { body, calls } = await failOneOf("ada#2", "bob");
  expect(calls.map(callerOf)).toEqual(["ada"]);
  expect(body).toMatchObject({ status: "completed", assistant_output: "in one" });
  expect(body.replies[3]).toMatchObject({ step: "synthesis", stale: true });
});

describe("the retry of a synthesis", () => {
  async function failSynthesis(synthesis: string, bob: string | typeof failure) {
    const fixture = await createTurnFixture({
      agents: ["ada", "bob"],
      mode: "tag",
      orchestration: { synthesis },
    });
    await fixture.models.script(synthesisSays(failure), agentSays("ada", "one"), agentSays("bob", bob));
    const { body: first } = await fixture.post("@ada @bob hello");
    await fixture.models.script(synthesisSays("in one"), agentSays("bob", "two"));
    return { fixture, first, before: (await fixture.models.journal()).length };
  }

  test("that failed beside an agent comes last, and is sent the agent's new answer", async () => {
    const { fixture, first, before } = await failSynthesis("manager", failure);

    const { body } = await retry(fixture, first.id);

    const calls = (await fixture.models.journal()).slice(before);
    expect(calls.map(callerOf)).toEqual(["bob", "synthesis"]);
    expect(conversationIn(calls[1])).toEqual(["@ada @bob hello", "[Ada]: one", "[Bob]: two"]);
    expect(replySteps(body)).toEqual(["ada#1", "bob#1", "synthesis"]);
    expect(body).toMatchObject({ status: "completed", assistant_output: "in one" });
    expect(body.replies[2]).not.toHaveProperty("stale");
  });

  test("whose agent has left the room is nothing to retry", async () => {
    const { fixture, first, before } = await failSynthesis("bob", "two");
    await fixture.api.as(fixture.owner).delete(`/rooms/${fixture.roomId}/agents/bob`);

    const { status, body } = await retry(fixture, first.id);

    expect(status).toBe(409);
    expect(body.code).toBe("nothing_to_retry");
    expect(await fixture.models.journal()).toHaveLength(before);
    expect(await fixture.claim()).toBeUndefined();
  });
});
