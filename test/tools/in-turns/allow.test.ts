import { describe, expect, test } from "vitest";
import { says } from "../../support/turn-fixture.ts";
import { createToolFixture, durationOf, searchesFor, type ToolFixture, textsOf } from "./tool-fixture.ts";

const fenced =
  /^Result of the tool "search": untrusted text[\s\S]*<untrusted_text_1 source="search">\n1\. About cats\n {3}https:\/\/example\.com\/found\n {3}All of cats\.\n<\/untrusted_text_1>$/;

const found = {
  tool_name: "search",
  status: "success",
  input: { query: "cats" },
  output: { results: 1, urls: ["https://example.com/found"], attempts: 1 },
};

async function expectOneSuccess(
  fixture: ToolFixture,
  posted: Awaited<ReturnType<ToolFixture["post"]>>,
  round: number,
) {
  const { status, body, headers } = posted;
  expect(status).toBe(201);
  expect(body).toMatchObject({
    status: "completed",
    assistant_output: "Cats, says https://example.com/found.",
  });
  expect(body.tool_calls).toEqual([
    {
      ...found,
      id: expect.any(String),
      step: "ada#1",
      agent_key: "ada",
      round,
      latency_ms: expect.any(Number),
    },
  ]);
  expect(body.tool_calls[0].latency_ms).toBeGreaterThanOrEqual(40);
  expect(durationOf(headers.get("Server-Timing"), "tools")).toBeGreaterThanOrEqual(40);
  expect(headers.get("Server-Timing")).toContain('db;desc="2"');
  const { llm_calls, audit, messages, ...turn } = (await fixture.read(body.id)).body;
  expect(turn).toEqual(body);
  expect((await fixture.list()).body.data).toEqual([body]);
  const rows = await fixture.toolRows();
  expect(rows).toMatchObject([
    {
      ...found,
      id: body.tool_calls[0].id,
      agent_key: "ada",
      user_id: fixture.owner.userId,
      room_id: fixture.roomId,
      turn_id: body.id,
      run_id: body.id,
      latency_ms: body.tool_calls[0].latency_ms,
      credits_charged: "0.00000000",
    },
  ]);
  expect(await fixture.search.settledJournal()).toMatchObject([
    { query: "cats", path: expect.stringMatching(/\/search$/), authorization: "Bearer tavily-key" },
  ]);
}

describe("an agent with the permission", () => {
  test.each([
    ["search: cats", "@ada search: cats"],
    ["search for cats", "@ada search for cats"],
    ["SEARCH: cats after a comma", "@ada, SEARCH:  cats "],
    ["search: cats after several tags", "@ada @nobody @ada: search: cats"],
  ])(
    "whose user writes %s searches before its model is called, and answers from the results",
    async (_, message) => {
      const fixture = await createToolFixture();
      await fixture.search.script({ default: { delay_ms: 50 } });
      await fixture.models.script(says("ada", "Cats, says https://example.com/found."));

      const posted = await fixture.post(message);

      await expectOneSuccess(fixture, posted, 0);
      const [call, ...more] = await fixture.models.journal();
      expect(more).toEqual([]);
      const [results = "", ...others] = textsOf(call, "user");
      expect(others).toEqual([]);
      const [findings, asked] = [
        results.slice(0, -message.trim().length),
        results.slice(-message.trim().length),
      ];
      expect(findings.trimEnd()).toMatch(fenced);
      expect(asked).toBe(message.trim());
    },
  );

  test("whose model calls the tool gets the results and answers from them", async () => {
    const fixture = await createToolFixture();
    await fixture.search.script({ default: { delay_ms: 50 } });
    await fixture.models.script(
      says("ada", searchesFor("cats"), 1),
      says("ada", "Cats, says https://example.com/found.", 2),
    );

    const posted = await fixture.post("@ada what is a cat?");

    await expectOneSuccess(fixture, posted, 1);
    const [first, second] = await fixture.models.journal();
    expect(first?.tools.map(({ name }) => name)).toEqual(["search"]);
    expect(first?.body.tool_choice).toBe("auto");
    const [asked, answered] = second?.messages.slice(-2) ?? [];
    expect(asked).toMatchObject({ role: "assistant", tool_calls: [{ function: { name: "search" } }] });
    expect(answered).toMatchObject({ role: "tool", content: expect.stringMatching(fenced) });
    expect(await fixture.rounds()).toEqual(["ada 1", "ada 2"]);
  });

  test("may search again after the search that its user asked for", async () => {
    const fixture = await createToolFixture();
    await fixture.models.script(says("ada", searchesFor("more cats"), 1), says("ada", "Many.", 2));

    const { body } = await fixture.post("@ada search: cats");

    expect(body).toMatchObject({ status: "completed", assistant_output: "Many." });
    expect(body.tool_calls).toMatchObject([
      { round: 0, input: { query: "cats" } },
      { round: 1, input: { query: "more cats" } },
    ]);
    expect(await fixture.searched()).toEqual(["cats", "more cats"]);
    // What the trigger found is still there in the second call.
    expect(textsOf((await fixture.models.journal())[1], "user").at(-1)).toContain("All of cats.");
  });

  test("answers without a search where the message has no prefix, or nothing after it", async () => {
    const fixture = await createToolFixture();
    for (const message of ["@ada hello", "@ada search:", "@ada research: cats", "@ada please search: cats"]) {
      expect((await fixture.post(message)).body).toMatchObject({ status: "completed", tool_calls: [] });
    }
    expect(await fixture.searched()).toEqual([]);
  });
});
