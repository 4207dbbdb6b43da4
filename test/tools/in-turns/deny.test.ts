import { describe, expect, test } from "vitest";
import { says } from "../../support/turn-fixture.ts";
import { calls, createToolFixture, query, searchesFor, textsOf } from "./tool-fixture.ts";

const refusal = (code: string, tools: string) => ({
  error: { code, message: expect.stringContaining(`Tools you may use: ${tools}.`) },
});

describe("an agent without the permission", () => {
  test.each(["@ada search: cats", "@ada search for cats"])(
    "whose user writes '%s' gives an ordinary answer, without an event and without a search",
    async (message) => {
      const fixture = await createToolFixture({ permissions: {} });
      await fixture.models.script(says("ada", "I know cats."));

      const { body, headers } = await fixture.post(message);

      expect(body).toMatchObject({ status: "completed", assistant_output: "I know cats.", tool_calls: [] });
      expect(headers.get("Server-Timing")).toContain("tools;dur=0,");
      expect(await fixture.toolRows()).toEqual([]);
      expect(await fixture.privateMessages()).toEqual([]);
      expect(await fixture.searched()).toEqual([]);
      expect(await fixture.models.journal()).toMatchObject([{ tools: [] }]);
    },
  );

  test("whose model calls the tool is refused: the model gets an error, and nothing runs", async () => {
    const fixture = await createToolFixture({ permissions: {} });
    await fixture.models.script(says("ada", searchesFor("cats"), 1), says("ada", "I may not.", 2));

    const { body, headers } = await fixture.post("@ada what is a cat?");

    expect(body).toMatchObject({ status: "completed", assistant_output: "I may not." });
    expect(headers.get("Server-Timing")).toContain('db;desc="2"');
    const denied = {
      tool_name: "search",
      status: "denied",
      round: 1,
      input: { arguments: query("cats") },
      output: { error: "tool_not_permitted" },
    };
    expect(body.tool_calls).toMatchObject([denied]);
    expect(await fixture.toolRows()).toMatchObject([{ ...denied, agent_key: "ada", turn_id: body.id }]);
    expect(await fixture.searched()).toEqual([]);
    const journal = await fixture.models.journal();
    // The messages name the refused tool, so the next call lists it; `tool_choice` forbids to call it.
    expect(journal.map(({ tools, body }) => [tools.length, body.tool_choice])).toEqual([
      [0, undefined],
      [1, "none"],
    ]);
    const [results = ""] = textsOf(journal[1], "tool");
    expect(JSON.parse(results)).toEqual(refusal("tool_not_permitted", "none"));
  });

  test("does not search where another agent with the permission does", async () => {
    const fixture = await createToolFixture({ agents: ["ada", "bob"], permissions: { bob: ["search"] } });
    await fixture.models.script(says("ada", "From memory."), says("bob", "From the web."));

    const { body } = await fixture.post("@ada @bob search: cats");

    expect(body).toMatchObject({ status: "completed" });
    expect(body.replies.map(({ content }: { content: string }) => content)).toEqual([
      "From memory.",
      "From the web.",
    ]);
    expect(body.tool_calls).toMatchObject([{ agent_key: "bob", status: "success" }]);
    expect(await fixture.searched()).toEqual(["cats"]);
    const journal = await fixture.models.journal();
    const prompts = journal.map((call) => JSON.stringify(call.messages));
    expect(prompts.filter((prompt) => prompt.includes("untrusted_text"))).toHaveLength(1);
    expect(journal.map(({ tools }) => tools.length).toSorted()).toEqual([0, 1]);
  });
});

test("of several calls of one answer only the permitted ones run, and each is recorded", async () => {
  const fixture = await createToolFixture();
  const { tool_calls: [search] = [] } = searchesFor("cats");
  const { tool_calls: [read] = [] } = calls("file_read", '{"id":"x"}');
  const { tool_calls: [remove] = [] } = calls("delete_everything");
  const all = [read, search, remove].flatMap((call) => call ?? []);
  await fixture.models.script(says("ada", { tool_calls: all }, 1), says("ada", "Done.", 2));

  const { body } = await fixture.post("@ada go");

  expect(body).toMatchObject({ status: "completed", assistant_output: "Done." });
  expect(body.tool_calls).toMatchObject([
    { tool_name: "file_read", status: "denied", output: { error: "tool_not_permitted" } },
    { tool_name: "search", status: "success" },
    { tool_name: "delete_everything", status: "denied", output: { error: "unknown_tool" } },
  ]);
  const results = textsOf((await fixture.models.journal())[1], "tool");
  expect(JSON.parse(results[0] ?? "")).toEqual(refusal("tool_not_permitted", "search"));
  expect(results[1]).toContain("All of cats.");
  expect(JSON.parse(results[2] ?? "")).toEqual(refusal("unknown_tool", "search"));
  expect(await fixture.searched()).toEqual(["cats"]);
});
