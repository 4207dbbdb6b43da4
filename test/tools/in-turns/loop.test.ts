import { describe, expect, test } from "vitest";
import { says } from "../../support/turn-fixture.ts";
import { calls, createToolFixture, query, searchesFor, textsOf } from "./tool-fixture.ts";

type WireMessage = { content: string; tool_call_id?: string; tool_calls?: { id: string }[] };

const four = ["one", "two", "three", "four"];

describe("a model that calls tools in every answer", () => {
  test.each([
    [["search"], "success", 4],
    [[], "denied", 0],
  ])("with permissions %j must answer after four of them", async (names, status, searches) => {
    const fixture = await createToolFixture({ permissions: { ada: names } });
    await fixture.models.script(
      ...four.map((word, place) => says("ada", searchesFor(word), place + 1)),
      says("ada", "Enough.", 5),
    );

    const { body } = await fixture.post("@ada go");

    expect(body).toMatchObject({ status: "completed", assistant_output: "Enough.", usage: { calls: 5 } });
    expect(body.tool_calls).toMatchObject([1, 2, 3, 4].map((round) => ({ round, status })));
    expect(await fixture.searched()).toEqual(four.slice(0, searches));
    const journal = await fixture.models.journal();
    const choices =
      names.length === 0 ? [undefined, ...Array(4).fill("none")] : [...Array(4).fill("auto"), "none"];
    expect(journal.map((call) => call.body.tool_choice)).toEqual(choices);
    expect(await fixture.rounds()).toEqual([1, 2, 3, 4, 5].map((round) => `ada ${round}`));
  });

  test("has a failed reply where it calls a tool even then", async () => {
    const fixture = await createToolFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(says("ada", searchesFor("more")), says("bob", "Fine."));

    const { body } = await fixture.post("@ada @bob go");

    expect(body).toMatchObject({
      status: "partial",
      replies: [{ status: "failed", error: { code: "model_bad_response" } }, { content: "Fine." }],
    });
    expect(body.tool_calls).toHaveLength(4);
    expect(await fixture.searched()).toEqual(Array(4).fill("more"));
    expect(await fixture.ledger()).toHaveLength(6);
  });

  test("has four more after a trigger", async () => {
    const fixture = await createToolFixture();
    await fixture.models.script(
      ...four.map((word, place) => says("ada", searchesFor(word), place + 1)),
      says("ada", "Enough.", 5),
    );

    const { body } = await fixture.post("@ada search: zero");

    expect(body.assistant_output).toBe("Enough.");
    expect(await fixture.searched()).toEqual(["zero", ...four]);
    expect(await fixture.toolRows()).toHaveLength(5);
  });
});

describe("a call that cannot be run gives the model an error and is recorded", () => {
  const error = (code: string) => ({ output: { error: code } });
  test.each([
    ["of an unknown tool", calls("rm", '{"path":"/"}'), { status: "denied", ...error("unknown_tool") }],
    ["of a property of every object", calls("constructor"), { status: "denied", ...error("unknown_tool") }],
    [
      "of a tool that needs another permission",
      calls("file_search"),
      { status: "denied", ...error("tool_not_permitted") },
    ],
    ["without JSON", calls("search", "cats"), { status: "error", ...error("invalid_arguments") }],
    ["with half a JSON", calls("search", '{"query":"ca'), { status: "error", ...error("invalid_arguments") }],
    ["with a list", calls("search", '["cats"]'), { status: "error", ...error("invalid_arguments") }],
    [
      "with another field",
      calls("search", '{"q":"cats"}'),
      { status: "error", ...error("invalid_arguments") },
    ],
    ["with a number", calls("search", '{"query":7}'), { status: "error", ...error("invalid_arguments") }],
    ["with nothing", calls("search", ""), { status: "error", ...error("invalid_arguments") }],
    ["with a blank", calls("search", query(" \u0000 ")), { status: "error", ...error("invalid_arguments") }],
  ])("%s", async (_how, asked, row) => {
    const fixture = await createToolFixture();
    await fixture.models.script(says("ada", asked, 1), says("ada", "Then not.", 2));

    const { body } = await fixture.post("@ada go");

    const [call] = asked.tool_calls ?? [];
    expect(body).toMatchObject({ status: "completed", assistant_output: "Then not." });
    expect(body.tool_calls).toMatchObject([{ tool_name: call?.name, round: 1, ...row }]);
    expect(await fixture.toolRows()).toMatchObject([{ tool_name: call?.name, ...row }]);
    expect(await fixture.searched()).toEqual([]);
    const [results = ""] = textsOf((await fixture.models.journal())[1], "tool");
    expect(JSON.parse(results)).toMatchObject({ error: { code: row.output.error } });
  });
});

describe("several calls of one answer", () => {
  test("run at the same time, and their results have the order of the calls", async () => {
    const words = ["a", "b", "c", "d"];
    const fixture = await createToolFixture();
    await fixture.search.script({ answers: words.map((_, place) => ({ delay_ms: 80 - 20 * place })) });
    await fixture.models.script(says("ada", searchesFor(...words), 1), says("ada", "Four.", 2));

    const { body } = await fixture.post("@ada go");

    expect(body.tool_calls.map((call: { input: unknown }) => call.input)).toEqual(
      words.map((word) => ({ query: word })),
    );
    expect((await fixture.searched()).toSorted()).toEqual(words);
    const [, second] = await fixture.models.journal();
    const results = textsOf(second, "tool");
    expect(results.map((text) => /About (\w)/.exec(text)?.[1])).toEqual(words);
    expect(await fixture.toolRows()).toHaveLength(4);
    expect(await fixture.ledger()).toHaveLength(2);
  });

  test("beyond the fourth are refused and recorded, and the agent goes on", async () => {
    const fixture = await createToolFixture();
    const words = Array.from({ length: 16 }, (_, place) => `q${place}`);
    await fixture.models.script(says("ada", searchesFor(...words), 1), says("ada", "With four.", 2));

    const { body } = await fixture.post("@ada go");

    expect(body).toMatchObject({ status: "completed", assistant_output: "With four." });
    expect((await fixture.searched()).toSorted()).toEqual(words.slice(0, 4));
    const results = textsOf((await fixture.models.journal())[1], "tool");
    expect(results).toHaveLength(16);
    for (const text of results.slice(4)) expect(JSON.parse(text).error.code).toBe("tool_limit_reached");
    const rows = await fixture.toolRows();
    expect(rows.map(({ status }) => status)).toEqual([
      ...Array(4).fill("success"),
      ...Array(12).fill("denied"),
    ]);
    expect(rows.at(-1)).toMatchObject({ input: {}, output: { error: "tool_limit_reached" } });
  });

  test("with the same id are two calls, each with a result under its own id", async () => {
    const fixture = await createToolFixture();
    const twice = ["cats", "dogs"].map((word) => ({ id: "same", name: "search", arguments: query(word) }));
    await fixture.models.script(says("ada", { tool_calls: twice }, 1), says("ada", "Both.", 2));

    const { body } = await fixture.post("@ada go");

    expect(body.tool_calls).toMatchObject([{ input: { query: "cats" } }, { input: { query: "dogs" } }]);
    const wire = (await fixture.models.journal())[1]?.body.messages as WireMessage[];
    const [asked, ...answered] = wire.slice(-3);
    const ids = asked?.tool_calls?.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(2);
    expect(answered.map(({ tool_call_id }) => tool_call_id)).toEqual(ids);
    expect(answered.map(({ content }) => /About (\w+)/.exec(content)?.[1])).toEqual(["cats", "dogs"]);
  });
});
