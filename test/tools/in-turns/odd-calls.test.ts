import { expect, test } from "vitest";
import { watchDatabase } from "../../support/database-requests.ts";
import type { ModelAnswer } from "../../support/models.ts";
import { says } from "../../support/turn-fixture.ts";
import { calls, createToolFixture, query, searchesFor } from "./tool-fixture.ts";

const half = "\ud83d";

/** The bodies of all requests to the database that `work` makes. */
async function watchRequests<T>(work: () => Promise<T>): Promise<{ result: T; sent: string[] }> {
  const sent: string[] = [];
  const { result } = await watchDatabase(work, (ask, _n, body) => {
    sent.push(body);
    return ask();
  });
  return { result, sent };
}

/** Neon itself refuses half a pair in a request; the local endpoint puts something in its place. */
const holdsHalfPair = (body: string) => /(?<!\\)\\ud[89a-f]/i.test(body);

test.each<[string, ModelAnswer, Record<string, unknown>]>([
  ["a huge name", calls("x".repeat(50_000)), { tool_name: "x".repeat(64), status: "denied" }],
  ["a name with NUL", calls("se\u0000arch\u0000!"), { tool_name: "search!", status: "denied" }],
  ["a name with half a pair", calls(`rm${half}`), { tool_name: "rm\ufffd", status: "denied" }],
  [
    "NUL in its arguments",
    calls("search", `\u0000${query("ca\u0000ts")}\u0000`),
    { status: "success", input: { query: "ca ts" } },
  ],
  [
    "half a pair in its arguments",
    calls("search", query(`cats${half}`)),
    { status: "success", input: { query: "cats\ufffd" } },
  ],
  [
    "NUL in arguments that are no JSON",
    calls("search", "\u0000{"),
    { status: "error", input: { arguments: "{" } },
  ],
  [
    "huge arguments",
    calls("search", query("cats ".repeat(10_000))),
    { status: "error", input: { truncated: true } },
  ],
  [
    "text with NUL beside its call",
    { text: "I\u0000 look", ...searchesFor("cats") },
    { status: "success", input: { query: "cats" } },
  ],
])("a call with %s is stored, and its agent goes on", async (_what, asked, row) => {
  const fixture = await createToolFixture();
  await fixture.models.script(says("ada", asked, 1), says("ada", "Then this.", 2));

  const { result, sent } = await watchRequests(() => fixture.post("@ada go"));
  const { status, body } = result;

  expect(sent.length).toBeGreaterThanOrEqual(2);
  expect(sent.some(holdsHalfPair)).toBe(false);
  expect(status).toBe(201);
  expect(body).toMatchObject({ status: "completed", assistant_output: "Then this." });
  expect(body.tool_calls).toMatchObject([row]);
  expect(await fixture.toolRows()).toMatchObject([row]);
  expect((await fixture.read(body.id)).body).toMatchObject(body);
  expect((await fixture.post("@ada again")).body.status).toBe("completed");
});

test.each([
  [
    "beside its first call",
    [says("ada", { text: `I look${half}`, ...searchesFor("x") }, 1), says("ada", "Seen.", 2)],
    1,
  ],
  ["beside calls that come too late", [says("ada", { text: `I look${half}`, ...searchesFor("x") }, 5)], 4],
])(
  "an agent whose text %s has half a surrogate pair goes on, with U+FFFD in its place",
  async (_, odd, searches) => {
    const fixture = await createToolFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(...odd, says("bob", "Fine."), says("ada", searchesFor("cats")));

    const { result, sent } = await watchRequests(() => fixture.post("@ada @bob go"));
    const { body } = result;

    expect(sent.some(holdsHalfPair)).toBe(false);
    expect(body).toMatchObject({
      status: "completed",
      replies: [{ status: "completed" }, { content: "Fine." }],
    });
    const texts = [...(await fixture.privateMessages()), ...body.replies].map(({ content }) => content);
    expect(texts).toContain("I look\ufffd");
    expect(body.tool_calls).toHaveLength(searches);
  },
);
