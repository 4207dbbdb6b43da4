import { describe, expect, test } from "vitest";
import type { RoomMode } from "../../../src/domain/plan/modes.ts";
import { createTurnFixture, says } from "../../support/turn-fixture.ts";
import {
  callerOf,
  callsFor,
  conversationIn,
  databaseTrips,
  managerPicks,
  replyKeys,
  rolesIn,
} from "./support/model-calls.ts";
import { retry, runsOf, transcripts } from "./support/retry-fixture.ts";

const agents = ["ada", "bob", "cy", "dan"];
const failure = { status: 400 };

type Case = {
  mode: RoomMode;
  message: string;
  /** In the order of answers. */
  plan: string[];
  failing: string[];
  /** What each agent that is asked again is sent after the user's words. */
  sent: Record<string, string[]>;
};

const cases: Case[] = [
  {
    mode: "tag",
    message: "@dan @ada @bob",
    plan: ["dan", "ada", "bob"],
    failing: ["dan", "bob"],
    sent: { dan: ["[Ada]: ada one"], bob: ["[Ada]: ada one"] },
  },
  {
    mode: "roundtable",
    message: "hello",
    plan: agents,
    failing: ["bob", "dan"],
    sent: {
      bob: ["[Ada]: ada one", "[Cy]: cy one"],
      dan: ["[Ada]: ada one", "[Cy]: cy one", "[Bob]: bob two"],
    },
  },
  {
    mode: "orchestrator",
    message: "hello",
    plan: ["cy", "ada", "bob"],
    failing: ["ada"],
    sent: { ada: ["[Cy]: cy one", "[Bob]: bob one"] },
  },
  {
    mode: "orchestrator",
    message: "hello",
    plan: ["cy", "ada"],
    failing: ["cy", "ada"],
    sent: { cy: [], ada: ["[Cy]: cy two"] },
  },
  { mode: "tag", message: "@cy", plan: ["cy"], failing: ["cy"], sent: { cy: [] } },
];

async function failAndRetry({ mode, message, plan, failing }: Case) {
  const fixture = await createTurnFixture({ agents, mode });
  const answerOf = (round: string) => agents.map((key) => says(key, `${key} ${round}`));
  await fixture.models.script(
    managerPicks(...plan),
    ...failing.map((key) => says(key, failure)),
    ...answerOf("one"),
  );
  const { body: first } = await fixture.post(message);
  const callsBefore = (await fixture.models.journal()).length;
  await fixture.models.script(...answerOf("two"));
  const answer = await retry(fixture, first.id);
  return { fixture, first, answer, calls: (await fixture.models.journal()).slice(callsBefore) };
}

describe.each(cases)("a turn in mode $mode to $plan in which $failing failed, after a retry", (one) => {
  const { plan, failing, mode } = one;
  const name = (key: string) => key.charAt(0).toUpperCase() + key.slice(1);
  const wordsOf = (key: string) => `${key} ${failing.includes(key) ? "two" : "one"}`;

  test("is complete: its replies are in the order of the plan, and its status and text are new", async () => {
    const { first, answer } = await failAndRetry(one);

    expect(first.status).toBe(failing.length === plan.length ? "failed" : "partial");
    const text =
      plan.length === 1
        ? wordsOf(plan[0] ?? "")
        : plan.map((key) => `${name(key)}: ${wordsOf(key)}`).join("\n\n");
    expect(answer.status).toBe(201);
    expect(databaseTrips(answer.headers)).toBe("2");
    const { replies, status, assistant_output, usage, credits, ...rest } = answer.body;
    expect(rest).toEqual(Object.fromEntries(Object.keys(rest).map((field) => [field, first[field]])));
    expect(status).toBe("completed");
    expect(assistant_output).toBe(text);
    expect(replies.map(({ agent_key, content }: Record<string, string>) => [agent_key, content])).toEqual(
      plan.map((key) => [key, wordsOf(key)]),
    );
    expect(usage.calls).toBe(plan.length);
    expect(credits).toMatchObject({ granted: first.credits.granted, wallet_left: null });
    expect(Number(credits.spent)).toBeGreaterThan(Number(first.credits.spent));
  });

  test("called only these agents, never the manager, each with its own role and the other answers", async () => {
    const { calls } = await failAndRetry(one);

    expect(calls.map(callerOf).toSorted()).toEqual(failing.toSorted());
    if (mode !== "tag") expect(calls.map(callerOf)).toEqual(failing);
    for (const key of failing) {
      const [call] = callsFor(calls, key);
      expect(conversationIn(call)).toEqual([one.message, ...(one.sent[key] ?? [])]);
      expect(call && rolesIn(call)).toEqual([key]);
    }
  });

  test("keeps superseded messages, both runs, their calls and their audits", async () => {
    const { fixture, first, answer } = await failAndRetry(one);

    const runs = await runsOf(fixture);
    expect(runs).toMatchObject([
      { id: first.id, turn_id: first.id, kind: "turn" },
      { turn_id: first.id, kind: "retry" },
    ]);
    const rows = await fixture.sql`select agent_key, run_id, turn_id from llm_call_events
      where session_id = ${fixture.sessionId}`;
    expect(rows).toHaveLength(plan.length);
    for (const { agent_key, run_id, turn_id } of rows) {
      expect(turn_id).toBe(first.id);
      expect(run_id).toBe(failing.includes(agent_key) ? runs[1]?.id : first.id);
    }
    const detail = (await fixture.read(first.id)).body;
    expect(detail).toMatchObject(answer.body);
    expect(detail.llm_calls).toHaveLength(plan.length);
    for (const { model_alias_marker } of detail.audit)
      expect(model_alias_marker).toBe(first.model_alias_used);
    expect(detail.audit.map(({ agent_key }: { agent_key: string }) => agent_key)).toEqual([
      ...plan,
      ...failing,
    ]);
    const { currentReply, all } = await transcripts(fixture);
    expect(currentReply).toHaveLength(1 + plan.length);
    expect(all).toHaveLength(1 + plan.length + failing.length);
    const replaced = all.filter(({ id }: { id: string }) =>
      all.some((later: { supersedes_id: string }) => later.supersedes_id === id),
    );
    expect(replaced.map(({ agent_key, status }: Record<string, string>) => [agent_key, status])).toEqual(
      failing.map((key) => [key, "failed"]),
    );
    for (const { id } of replaced) expect(JSON.stringify(currentReply)).not.toContain(`"id":"${id}"`);
    expect(await fixture.claim()).toBeUndefined();
  });

  test("is in the next prompt with each answer once, and without failures", async () => {
    const { fixture } = await failAndRetry(one);

    await fixture.post("@ada and the next");

    const call = callsFor(await fixture.models.journal(), "ada").at(-1);
    const said = conversationIn(call).join("\n");
    expect(said).not.toContain("[[agent_error]]");
    for (const key of plan) expect(said.split(wordsOf(key))).toHaveLength(2);
  });
});

describe("a retry whose agents fail again", () => {
  test("is stored: the newer failure is current, and the status is unchanged", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    await fixture.models.script(says("ada", "hi"), says("bob", { status: 400 }));
    const { body: first } = await fixture.post("hello");
    await fixture.models.script(says("bob", { text: "a half", finish_reason: "content_filter" }));

    const { status, body } = await retry(fixture, first.id);

    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: "partial",
      replies: [
        { agent_key: "ada", content: "hi" },
        { agent_key: "bob", status: "failed", error: { code: "model_refused" } },
      ],
    });
    expect((await fixture.read(first.id)).body).toMatchObject(body);
    expect(await fixture.ledger()).toMatchObject([
      { agent_key: "ada" },
      { agent_key: "bob", status: "failed" },
    ]);
  });

  test("has the model that answered last, where one agent was asked and given another model", async () => {
    const fixture = await createTurnFixture({ agents: [{ key: "ada", modelAlias: "qwen" }] });
    await fixture.models.script(says("ada", { status: 400 }));
    const { body: first } = await fixture.post("@ada hello");
    await fixture.api
      .as(fixture.owner)
      .patch(`/rooms/${fixture.roomId}/agents/ada`, { model_alias: "llama" });
    await fixture.models.script(says("ada", "hi"));

    const { body } = await retry(fixture, first.id);

    expect([first.model_alias_used, body.model_alias_used]).toEqual(["qwen", "llama"]);
    expect((await fixture.read(first.id)).body.model_alias_used).toBe("llama");
  });

  test("can be retried until all agents have answered; the order of the plan never changes", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    await fixture.models.script({ answer: { status: 400 } });
    const { body: first } = await fixture.post("hello");

    const seen = [[first.status, replyKeys(first)]];
    for (const key of ["cy", "ada", "bob"]) {
      await fixture.models.script(says(key, `${key} at last`), { answer: { status: 400 } });
      const { body } = await retry(fixture, first.id);
      seen.push([body.status, replyKeys(body)]);
    }

    expect(seen).toEqual(
      ["failed", "partial", "partial", "completed"].map((status) => [status, ["ada", "bob", "cy"]]),
    );
    expect(await runsOf(fixture)).toHaveLength(4);
    const { currentReply, all } = await transcripts(fixture);
    expect(currentReply.map(({ content }: { content: string }) => content).toSorted()).toEqual([
      "ada at last",
      "bob at last",
      "cy at last",
      "hello",
    ]);
    expect(all).toHaveLength(1 + 3 + 3 + 2 + 1);
    expect((await retry(fixture, first.id)).body.code).toBe("nothing_to_retry");
  });
});
