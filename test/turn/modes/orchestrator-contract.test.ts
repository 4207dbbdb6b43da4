import { afterEach, describe, expect, test, vi } from "vitest";
import { createConsoleLog } from "../../../src/http/console-log.ts";
import type { ModelAnswer } from "../../support/models.ts";
import { createTurnFixture } from "../../support/turn-fixture.ts";
import { callerOf, callsFor, managerSays, replyKeys } from "./support/model-calls.ts";

afterEach(() => vi.restoreAllMocks());

const keys = ["ada", "Bob", "cy", "dan", "eve"];
const picks = (...selected: unknown[]) => JSON.stringify({ selected_agent_keys: selected });
const prose = "I would ask Ada and Cy, since both know about this.";
const long = `${"é".repeat(3_000)} and no JSON`;

type Case = [
  answer: string,
  manager: ModelAnswer | string,
  expected: { selected: string[]; rule: string; verdict: string; raw: string | null },
];

const selected = (raw: string, ...agents: string[]) => ({
  selected: agents,
  rule: "selected",
  verdict: "ok",
  raw,
});
const fallback = (verdict: string, raw: string | null) => ({
  selected: ["ada"],
  rule: "fallback_first_position",
  verdict,
  raw,
});

const valid: Case[] = [
  ["a valid list", picks("cy", "ada"), selected(picks("cy", "ada"), "cy", "ada")],
  [
    "a single legacy key",
    '{"selected_agent_key": "dan"}',
    { selected: ["dan"], rule: "legacy_single_key", verdict: "ok", raw: '{"selected_agent_key": "dan"}' },
  ],
  [
    "fenced JSON",
    `\`\`\`json\n${picks("eve")}\n\`\`\``,
    selected(`\`\`\`json\n${picks("eve")}\n\`\`\``, "eve"),
  ],
  ["keys in another case", picks("BOB", "ADA"), selected(picks("BOB", "ADA"), "Bob", "ada")],
  [
    "unknown keys among known ones",
    picks("zoe", "cy", "manager", 7, null, "ada"),
    selected(picks("zoe", "cy", "manager", 7, null, "ada"), "cy", "ada"),
  ],
  ["duplicates", picks("cy", "CY", "ada", "cy"), selected(picks("cy", "CY", "ada", "cy"), "cy", "ada")],
  [
    "five keys",
    picks("eve", "dan", "cy", "Bob", "ada"),
    selected(picks("eve", "dan", "cy", "Bob", "ada"), "eve", "dan", "cy"),
  ],
  [
    "five keys of which the first three are the same or unknown",
    picks("eve", "EVE", "zoe", "Bob", "ada"),
    selected(picks("eve", "EVE", "zoe", "Bob", "ada"), "eve", "Bob", "ada"),
  ],
];

const read: Case[] = [
  ["prose around a list", `Sure: ${picks("cy")}`, selected(`Sure: ${picks("cy")}`, "cy")],
  ["thinking before a list", `<think>${picks("dan")}?</think>${picks("cy")}`, selected(picks("cy"), "cy")],
  ["a lone end of thinking", `Cy?</think>${picks("@cy")}`, selected(`Cy?</think>${picks("@cy")}`, "cy")],
];

const fallen: Case[] = [
  ["prose", prose, fallback("not_json", prose)],
  [
    "two lists",
    `${picks("cy")} or ${picks("dan")}`,
    fallback("ambiguous", `${picks("cy")} or ${picks("dan")}`),
  ],
  ["long prose, kept cut", long, fallback("too_long", "é".repeat(1_024))],
  ["another shape", '{"agents": ["cy"]}', fallback("wrong_shape", '{"agents": ["cy"]}')],
  ["a bare list", '["cy"]', fallback("wrong_shape", '["cy"]')],
  ["an empty list", picks(), fallback("nothing_left", picks())],
  ["unknown keys alone", picks("zoe"), fallback("nothing_left", picks("zoe"))],
  ["nothing", "", fallback("call_failed", null)],
  [
    "an answer cut off in mid-stream",
    { text: picks("cy"), cut_after_chunks: 1 },
    fallback("call_failed", picks("cy")),
  ],
  ["a refusal by the provider", { status: 401 }, fallback("call_failed", null)],
];

async function route(manager: ModelAnswer | string, settings: Record<string, string> = {}) {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const deps = { log: createConsoleLog("warn") };
  const fixture = await createTurnFixture({ agents: keys, mode: "orchestrator", settings, deps });
  await fixture.models.script(managerSays(manager));
  const answer = await fixture.post("who is there?");
  const warnings = warn.mock.calls.map(([line]) => JSON.parse(String(line)));
  const { audit } = (await fixture.read(answer.body.id)).body;
  return { fixture, answer, warnings, audit, journal: await fixture.models.journal() };
}

describe("where a manager answers with", () => {
  test.each([...valid, ...read, ...fallen])(
    "%s, the selection follows the contract",
    async (_what, manager, expected) => {
      const { fixture, answer, warnings, audit, journal } = await route(manager);

      const { selected, ...decision } = expected;
      expect(answer.body.status).toBe("completed");
      expect(replyKeys(answer.body)).toEqual(selected);
      expect(journal.map(callerOf)).toEqual(["manager", ...selected]);
      const fellBack = decision.rule === "fallback_first_position";
      expect(warnings).toMatchObject(
        fellBack
          ? [{ level: "warn", event: "routing_fell_back", verdict: decision.verdict, agent_key: "ada" }]
          : [],
      );
      expect(audit[0].routing).toEqual({ selected_keys: selected, ...decision });
      expect(audit.slice(1).map(({ routing }: { routing: unknown }) => routing)).toEqual(
        selected.slice(1).map(() => null),
      );

      // The same once more: nothing about the choice depends on the turn.
      const again = await fixture.post("who is there?");
      expect(replyKeys(again.body)).toEqual(selected);
    },
  );

  test("500 each time, the first agent is asked after three attempts, which cost nothing", async () => {
    const { fixture, answer, warnings, audit, journal } = await route({
      status: 500,
      headers: { "retry-after-ms": "1" },
    });

    expect(answer.body).toMatchObject({ status: "completed", replies: [{ agent_key: "ada" }] });
    expect(journal.map(callerOf)).toEqual(["manager", "manager", "manager", "ada"]);
    expect(warnings).toMatchObject([{ event: "routing_fell_back", verdict: "call_failed" }]);
    expect(audit).toMatchObject([{ routing: { verdict: "call_failed", raw: null }, overhead_calls: [] }]);
    expect(await fixture.ledger()).toMatchObject([{ agent_key: "ada" }]);
  });

  test("nothing, the first agent is asked when the call's time is over, and the attempt is in the audit as unknown", async () => {
    const { fixture, answer, warnings, audit } = await route(
      { hang: "before_headers" },
      { MODEL_CALL_TIMEOUT_MS: "1000" },
    );

    expect(answer.body).toMatchObject({ status: "completed", replies: [{ agent_key: "ada" }] });
    expect(warnings).toMatchObject([{ event: "routing_fell_back", verdict: "call_failed" }]);
    expect(audit).toMatchObject([
      {
        routing: { rule: "fallback_first_position", verdict: "call_failed", raw: null },
        overhead_calls: [
          { purpose: "routing", status: "unknown", usage_source: "estimated", output_tokens: 0 },
        ],
      },
    ]);
    expect(await fixture.ledger()).toMatchObject([{ agent_key: "ada" }]);
    await fixture.models.wait({ calls: 2, settled: 2 });
    expect(callsFor(await fixture.models.journal(), "manager")).toMatchObject([{ client_closed: true }]);
  });

  test("more than its token limit, the first agent is asked, and the audit has the usage", async () => {
    const usage = { prompt_tokens: 310, completion_tokens: 256 };
    const { answer, warnings, audit } = await route({ text: picks("cy"), finish_reason: "length", usage });

    expect(answer.body).toMatchObject({ status: "completed", replies: [{ agent_key: "ada" }] });
    expect(warnings).toMatchObject([{ event: "routing_fell_back", verdict: "too_long" }]);
    expect(audit).toMatchObject([
      {
        routing: { rule: "fallback_first_position", verdict: "too_long", raw: picks("cy") },
        overhead_calls: [{ purpose: "routing", input_tokens_fresh: 310, output_tokens: 256 }],
      },
    ]);
  });

  test("an error once and then a list, the list is used and nothing is logged", async () => {
    const fixture = await createTurnFixture({ agents: keys, mode: "orchestrator" });
    await fixture.models.script(
      managerSays({ status: 503, headers: { "retry-after-ms": "1" } }, 1),
      managerSays(picks("dan")),
    );

    const { body } = await fixture.post("who is there?");

    expect(replyKeys(body)).toEqual(["dan"]);
    expect((await fixture.models.journal()).map(callerOf)).toEqual(["manager", "manager", "dan"]);
    expect(fixture.api.lines.filter(({ level }) => level === "warn")).toEqual([]);
  });
});

test("the first agent is the first by position, whichever was created first", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "orchestrator" });
  await fixture.api
    .as(fixture.owner)
    .put(`/rooms/${fixture.roomId}/agents/order`, { agent_keys: ["bob", "ada"] });
  await fixture.models.script(managerSays(prose));

  expect(replyKeys((await fixture.post("hello")).body)).toEqual(["bob"]);
});
