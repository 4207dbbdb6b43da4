import { describe, expect, test } from "vitest";
import type { OpenedClaim } from "../../src/db/open-turn.ts";
import { buildTurnRecord, type TurnRecordInput } from "../../src/db/turn-record.ts";
import { buildCatalog } from "../../src/domain/catalog.ts";
import type { ModelCallRecord } from "../../src/domain/turn-outcome.ts";
import type { RosterAgent } from "../../src/domain/turn-plan.ts";

const uuid = (n: number) => `0199f3c0-0000-7000-8000-${String(n).padStart(12, "0")}`;
const openedAt = new Date("2026-03-01T10:00:00.000Z");
const finishedAt = new Date("2026-03-01T10:00:07.500Z");

const agent = (agentKey: string, modelAlias: string): RosterAgent => ({
  agentKey,
  name: agentKey === "ada" ? "Ada" : "Bob",
  modelAlias,
  rolePrompt: "r",
  toolPermissions: [],
  position: 0,
});
const ada = agent("ada", "deepseek");
const bob = agent("bob", "gone");

const claim: OpenedClaim = {
  sessionId: uuid(1),
  runId: uuid(2),
  turnId: uuid(2),
  kind: "turn",
  turnIndex: 5,
  idempotencyKey: "key-1",
  requestHash: "hash-1",
  request: { message: "@bob @ada hello" },
  snapshot: { roomId: uuid(3), goal: null, mode: "tag", consumesPendingMode: false, roster: [ada, bob] },
  holder: uuid(4),
  pastHolders: [],
  leaseUntil: finishedAt,
  lastSeq: 12,
  history: [],
};

const call = (change: Partial<ModelCallRecord> = {}): ModelCallRecord => ({
  agentKey: "ada",
  round: 1,
  attempt: 1,
  provider: "openrouter",
  modelAlias: "deepseek",
  providerModel: "deepseek/deepseek-v3.1-terminus",
  multiplierHundredths: 100,
  usage: { fresh: 120, cached: 0, output: 40 },
  usageSource: "provider",
  providerCostUsd: null,
  status: "completed",
  latencyMs: 321,
  attempts: 1,
  providerRequestId: "chatcmpl-1",
  ...change,
});

function input(change: Partial<TurnRecordInput> = {}): TurnRecordInput {
  let ids = 100;
  return {
    claim,
    userId: "user-1",
    plan: { mode: "tag", agents: [bob, ada], order: "parallel", sharesAnswers: false, unknownTags: ["zoe"] },
    outcome: {
      replies: [
        { agentKey: "ada", status: "completed", content: "hello from Ada" },
        { agentKey: "bob", status: "failed", failure: { code: "model_error", message: "It broke." } },
      ],
      calls: [call()],
      prompts: [{ agentKey: "ada", estimatedTokens: 77, includedMessageIds: [uuid(9)] }],
      modelMs: 1,
    },
    catalog: buildCatalog([], ""),
    maxOutputTokens: 2_048,
    openedAt,
    finishedAt,
    newId: () => uuid(ids++),
    ...change,
  };
}

function withCalls(...calls: ModelCallRecord[]): TurnRecordInput {
  const base = input();
  return { ...base, outcome: { ...base.outcome, calls } };
}

describe("the record of a turn", () => {
  const record = buildTurnRecord(input());

  test("holds one turn, with the output of all agents in the plan's order", () => {
    const failedContent = "[[agent_error]] agent=Bob type=model_error message=It broke.";
    expect(record.turn).toEqual({
      id: uuid(2),
      sessionId: uuid(1),
      turnIndex: 5,
      mode: "tag",
      userInput: "@bob @ada hello",
      assistantOutput: `Bob: ${failedContent}\n\nAda: hello from Ada`,
      status: "partial",
      modelAliasUsed: "multi-agent",
      summaryTriggered: false,
      summaryUsedFallback: false,
      pruneTriggered: false,
      overflowRejected: false,
      createdAt: openedAt,
    });
  });

  test("holds the run as its claim describes it, signed by its holder", () => {
    expect(record.claim).toEqual({ sessionId: uuid(1), runId: uuid(2), holder: uuid(4) });
    expect(record.run).toEqual({
      id: uuid(2),
      turnId: uuid(2),
      sessionId: uuid(1),
      kind: "turn",
      idempotencyKey: "key-1",
      requestHash: "hash-1",
      committedBy: uuid(4),
      createdAt: finishedAt,
    });
  });

  test("numbers the user's message and the replies on from what the session has", () => {
    expect(record.messages.map(({ seq, role, agentKey, status }) => [seq, role, agentKey, status])).toEqual([
      [13, "user", null, "completed"],
      [14, "assistant", "bob", "failed"],
      [15, "assistant", "ada", "completed"],
    ]);
    expect(record.messages.map(({ createdAt }) => createdAt)).toEqual([openedAt, finishedAt, finishedAt]);
    expect(record.messages[1]?.error).toEqual({ code: "model_error", message: "It broke." });
    expect(record.messages.every(({ visibility }) => visibility === "shared")).toBe(true);
  });

  test("gives every message and audit row an id of its own", () => {
    const ids = [...record.messages, ...record.audits].map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
  });

  test("audits each agent, asked or not, with the budget of its model", () => {
    const ofTurn = { turnId: uuid(2), runId: uuid(2), modelAliasMarker: "multi-agent", unknownTags: ["zoe"] };
    expect(record.audits).toMatchObject([
      // A model that has left the catalog counts as the smallest.
      {
        ...ofTurn,
        agentKey: "bob",
        modelContextLimit: 8_192,
        estimatedTokensBefore: 0,
        includedMessageIds: [],
      },
      {
        ...ofTurn,
        agentKey: "ada",
        modelAlias: "deepseek",
        modelContextLimit: 131_072,
        outputReserve: 2_048,
        overheadReserve: 6_553,
        inputBudget: 122_471,
        estimatedTokensBefore: 77,
        includedMessageIds: [uuid(9)],
      },
    ]);
  });

  test("one agent's reply is the output, and its alias the turn's", () => {
    const { plan } = input();
    const { turn } = buildTurnRecord(input({ plan: { ...plan, agents: [ada] } }));
    expect(turn).toMatchObject({ assistantOutput: "hello from Ada", modelAliasUsed: "deepseek" });
  });
});

describe("the ledger of a turn", () => {
  test("prices what was billed to the last digit", () => {
    const [row] = buildTurnRecord(input()).ledger;
    expect(row).toMatchObject({
      userId: "user-1",
      roomId: uuid(3),
      sessionId: uuid(1),
      turnId: uuid(2),
      runId: uuid(2),
      totalTokens: 160,
      oeTokens: "82.0000",
      credits: "0.00820000",
      pricingVersion: "2026-02-20",
      providerCostUsd: null,
      createdAt: finishedAt,
    });
  });

  test("what may not have been billed is on the books and costs nothing", () => {
    const unknown = call({
      status: "unknown",
      usageSource: "estimated",
      usage: { fresh: 50, cached: 0, output: 0 },
    });
    expect(buildTurnRecord(withCalls(unknown)).ledger).toMatchObject([
      { status: "unknown", inputTokensFresh: 50, totalTokens: 50, oeTokens: "0.0000", credits: "0.00000000" },
    ]);
  });

  test("a failed call that was billed costs what it used", () => {
    const failed = call({ status: "failed", usageSource: "estimated" });
    expect(buildTurnRecord(withCalls(failed)).ledger).toMatchObject([
      { status: "failed", usageSource: "estimated", credits: "0.00820000" },
    ]);
  });

  test("an attempt has the same id whoever writes its row, and no other attempt has it", () => {
    const calls = [
      call(),
      call({ attempt: 2 }),
      call({ round: 2 }),
      call({ agentKey: "bob" }),
      call({ agentKey: "bob", attempt: 2 }),
    ];
    const ids = buildTurnRecord(withCalls(...calls)).ledger.map(({ id }) => id);
    expect(new Set(ids).size).toBe(calls.length);
    expect(
      buildTurnRecord({ ...withCalls(...calls), finishedAt: openedAt }).ledger.map(({ id }) => id),
    ).toEqual(ids);
    const otherHolder = { ...withCalls(...calls), claim: { ...claim, holder: uuid(5) } };
    expect(buildTurnRecord(otherHolder).ledger.map(({ id }) => id)).not.toEqual(expect.arrayContaining(ids));
  });

  test("without calls there is none", () => {
    expect(buildTurnRecord(withCalls()).ledger).toEqual([]);
  });
});

describe("the room's mode", () => {
  test("is left alone where the turn consumed none", () => {
    expect(buildTurnRecord(input()).consumedMode).toBeNull();
  });

  test("is the pending one that the turn ran in", () => {
    const consuming = { ...claim, snapshot: { ...claim.snapshot, consumesPendingMode: true } };
    expect(buildTurnRecord(input({ claim: consuming })).consumedMode).toEqual({
      roomId: uuid(3),
      mode: "tag",
    });
  });
});
