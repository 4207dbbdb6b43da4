import { describe, expect, test } from "vitest";
import { chunkOf, eventStream, toEvents } from "../../runtime/model/read-answer.ts";
import { createTestApi } from "../../support/api.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { createToolFixture, searchesFor } from "../../tools/in-turns/tool-fixture.ts";
import { managerPicks, managerSays } from "../modes/support/model-calls.ts";
import { answersStored, expireLease, listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

/** Repeats a request whose holder is gone; the old holder then wakes, and finds that it was replaced. */
async function resume(fixture: TurnFixture, message: string, post: Promise<{ status: number }>) {
  await expireLease(fixture);
  const again = { ...(await fixture.post(message, { key: "k" })), asked: await listCallers(fixture) };
  await fixture.models.release("gate");
  expect((await post).status).toBe(409);
  return again;
}

const textsOf = (body: { replies: { agent_key: string; content: string }[] }) =>
  body.replies.map(({ agent_key, content }) => `${agent_key}: ${content}`);

describe("the same request, repeated with its key after its holder was lost", () => {
  test("between the second and the third of a roundtable asks only the third again", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    await fixture.models.script(
      says("cy", { text: "lost", hold: "gate" }, 1),
      says("ada", "one"),
      says("bob", "two"),
      says("cy", "three"),
    );
    const post = fixture.post("hello", { key: "k" });
    await fixture.models.wait({ calls: 3 });
    await answersStored(fixture, { steps: 2 });

    const again = await resume(fixture, "hello", post);

    expect(again).toMatchObject({ status: 201, body: { turn_index: 1, status: "completed" } });
    expect(again.headers.get("Idempotency-Replayed")).toBeNull();
    expect(textsOf(again.body)).toEqual(["ada: one", "bob: two", "cy: three"]);
    expect(again.asked).toEqual(["ada", "bob", "cy", "cy"]);
    const [, , , third] = await fixture.models.journal();
    expect(JSON.stringify(third?.messages)).toMatch(/one.*two/s);
    expect(await fixture.rowCounts()).toMatchObject({
      turns: 1,
      turn_runs: 1,
      messages: 4,
      turn_context_audit: 3,
    });
    await expectLedgerMatchesCalls(fixture);
  });

  test("after a tool call goes on with the tool's result", async () => {
    const fixture = await createToolFixture({ agents: ["ada"] });
    await fixture.models.script(
      says("ada", searchesFor("boats"), 1),
      says("ada", { text: "lost", hold: "gate" }, 2),
      says("ada", "about boats"),
    );
    const post = fixture.post("@ada hello", { key: "k" });
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 2 });

    const again = await resume(fixture, "@ada hello", post);

    expect(textsOf(again.body)).toEqual(["ada: about boats"]);
    expect(again.asked).toEqual(["ada", "ada", "ada"]);
    expect(await fixture.searched()).toEqual(["boats"]);
    expect(await fixture.toolRows()).toHaveLength(1);
    await expectLedgerMatchesCalls(fixture);
  });

  test("after a tool call sends the provider its own fields of the answer before", async () => {
    const fixture = await createToolFixture({ agents: ["ada"] });
    const details = [{ type: "reasoning.encrypted", data: "SIGNATURE", index: 0 }];
    const call = { index: 0, id: "call_1", function: { name: "search", arguments: '{"query":"boats"}' } };
    const asking = toEvents([
      chunkOf({ reasoning: "I must search", reasoning_details: details }),
      chunkOf({ tool_calls: [{ ...call, extra_content: { google: { thought_signature: "SIG" } } }] }),
      chunkOf({}, "tool_calls"),
    ]);
    await fixture.models.script(
      says("ada", { body: asking, headers: eventStream }, 1),
      says("ada", { text: "lost", hold: "gate" }, 2),
      says("ada", "about boats"),
    );
    const post = fixture.post("@ada hello", { key: "k" });
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 2 });

    const again = await resume(fixture, "@ada hello", post);

    expect(textsOf(again.body)).toEqual(["ada: about boats"]);
    const [, lost, resumed, ...others] = (await fixture.models.journal()).map(({ body }) => body);
    expect(others).toEqual([]);
    expect(resumed?.messages).toContainEqual({
      role: "assistant",
      content: null,
      reasoning: "I must search",
      reasoning_details: details,
      tool_calls: [
        expect.objectContaining({ id: "call_1", extra_content: { google: { thought_signature: "SIG" } } }),
      ],
    });
    expect(resumed?.messages).toEqual(lost?.messages);
  });

  test("with two of four parallel answers stored asks the other two again", async () => {
    const agents = ["ada", "bob", "cy", "dee"];
    const fixture = await createTurnFixture({ agents });
    const held = { text: "lost", hold: "gate" };
    await fixture.models.script(says("cy", held, 1), says("dee", held, 1));
    const post = fixture.post("@ada @bob @cy @dee", { key: "k" });
    await fixture.models.wait({ calls: 4, settled: 2 });
    await answersStored(fixture, { answers: 2 });

    const again = await resume(fixture, "@ada @bob @cy @dee", post);

    expect(again.body).toMatchObject({ status: "completed" });
    const later = again.asked.slice(4);
    expect(later.sort()).toEqual(["cy", "dee"]);
    expect(textsOf(again.body).join()).not.toContain("lost");
    await expectLedgerMatchesCalls(fixture);
  });

  test("after routing does not call the manager again", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "orchestrator" });
    await fixture.models.script(
      managerPicks("cy", "ada"),
      // The manager's prompt contains every role: its call counts as the first.
      says("cy", { text: "lost", hold: "gate" }, 2),
      says("cy", "first"),
      says("ada", "second"),
    );
    const post = fixture.post("hello", { key: "k" });
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });

    const again = await resume(fixture, "hello", post);

    expect(textsOf(again.body)).toEqual(["cy: first", "ada: second"]);
    expect(again.asked).toEqual(["manager", "cy", "cy", "ada"]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("during routing calls the manager again", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "orchestrator" });
    await fixture.models.script(managerSays({ text: "lost", hold: "gate" }, 1), managerPicks("bob"));
    const post = fixture.post("hello", { key: "k" });
    await fixture.models.wait({ calls: 1 });

    const again = await resume(fixture, "hello", post);

    expect(again.body).toMatchObject({ status: "completed", replies: [{ agent_key: "bob" }] });
    expect(again.asked.slice(0, 3)).toEqual(["manager", "manager", "bob"]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("twice asks no stored answer again, and the ledger has each holder's calls", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    await fixture.models.script(
      says("bob", { text: "lost", hold: "gate" }, 1),
      says("cy", { text: "lost too", hold: "gate" }, 1),
    );
    const first = fixture.post("hello", { key: "k" });
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    await expireLease(fixture);
    const second = fixture.post("hello", { key: "k" });
    await fixture.models.wait({ calls: 4 });
    await answersStored(fixture, { steps: 2 });

    const again = await resume(fixture, "hello", second);

    expect((await first).status).toBe(409);
    expect(again.body).toMatchObject({ status: "completed" });
    expect(again.asked).toEqual(["ada", "bob", "bob", "cy", "cy"]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("by a Worker with smaller windows keeps the stored answers; an agent that no longer fits fails", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    const message = "a long story ".repeat(400);
    await fixture.models.script(says("ada", "one"), says("bob", { text: "lost", hold: "gate" }, 1));
    const post = fixture.post(message, { key: "k" });
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    await expireLease(fixture);
    const small = {
      alias: "deepseek",
      provider: "own",
      model: "small",
      context_window: 2_048,
      multiplier: 1,
    };
    const later = createTestApi({
      settings: { LLM_BASE_URL: fixture.models.baseUrl, MODELS_JSON: JSON.stringify([small]) },
    });

    const again = await later
      .as(fixture.owner)
      .post(fixture.turnsPath, { message }, { headers: { "Idempotency-Key": "k" } });

    expect(again).toMatchObject({ status: 201, body: { status: "partial", overflow_rejected: true } });
    expect(again.body.replies).toMatchObject([
      { content: "one" },
      { error: { code: "context_budget_exceeded" } },
    ]);
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    await expectLedgerMatchesCalls(fixture);
  });
});
