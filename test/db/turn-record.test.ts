import { describe, expect, test } from "vitest";
import type { ClaimRow } from "../../src/db/turn/stored-turn.ts";
import { buildTurnRecord } from "../../src/db/turn/turn-record.ts";
import type { TurnRecordInput } from "../../src/db/turn/turn-record-input.ts";
import { buildCatalog } from "../../src/domain/catalog.ts";
import type { RosterAgent } from "../../src/domain/plan/roster-agent.ts";
import type { RoutingDecision } from "../../src/domain/routing/routing-decision.ts";
import type { ModelCallRecord, PromptMeasure, TurnOutcome } from "../../src/domain/turn/turn-outcome.ts";
import { planOf } from "../support/plans.ts";

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

const claim: ClaimRow = {
  sessionId: uuid(1),
  runId: uuid(2),
  turnId: uuid(2),
  kind: "turn",
  turnIndex: 5,
  idempotencyKey: "key-1",
  requestHash: "hash-1",
  request: { message: "@bob @ada hello" },
  snapshot: {
    roomId: uuid(3),
    goal: null,
    mode: "tag",
    consumesPendingMode: false,
    roster: [ada, bob],
    userMessageId: uuid(4),
  },
  holder: uuid(4),
  pastHolders: [],
  openedAt,
  hasStarted: true,
  cancelledAt: null,
  grantedCredits: "20.00000000",
  leaseUntil: finishedAt,
  wasQueued: false,
};

const call = (change: Partial<ModelCallRecord> = {}): ModelCallRecord => ({
  holder: uuid(4),
  step: `${change.agentKey ?? "ada"}#1`,
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

const prompt = (agentKey: string): PromptMeasure => ({
  step: `${agentKey}#1`,
  agentKey,
  budget: { modelContextLimit: 131_072, outputReserve: 2_048, overheadReserve: 6_553, inputBudget: 122_471 },
  tokenScale: 1.25,
  summaryId: null,
  included: [
    [3, 5],
    [9, 9],
  ],
  dropped: [{ from: 1, to: 2, reason: "pruned_reply" }],
  estimatedTokensBefore: 99,
  estimatedTokensAfterSummary: 88,
  estimatedTokensAfterPrune: 77,
  pruneTriggered: false,
  overflow: false,
  countedInputTokens: 120,
});

const outcome: TurnOutcome = {
  replies: [
    {
      step: "bob#1",
      agentKey: "bob",
      messageId: uuid(51),
      status: "failed",
      failure: { code: "model_error", message: "It broke." },
    },
    { step: "ada#1", agentKey: "ada", messageId: uuid(52), status: "completed", content: "hello from Ada" },
  ],
  calls: [call()],
  prompts: [prompt("bob"), prompt("ada")],
  toolEvents: [],
  privateMessages: [],
  decisions: [],
  overhead: [],
  summary: null,
  modelMs: 1,
  toolsMs: 0,
};

function input(change: Partial<TurnRecordInput> = {}): TurnRecordInput {
  let ids = 100;
  return {
    claim,
    lastSeq: 12,
    notRead: [],
    userId: "user-1",
    retried: null,
    plan: { ...planOf("parallel", [bob, ada]), unknownTags: ["zoe"] },
    outcome,
    catalog: buildCatalog([], ""),
    session: null,
    estimateTokens: (text) => text.length,
    finishedAt,
    newId: () => uuid(ids++),
    ...change,
  };
}

function withCalls(...calls: ModelCallRecord[]): TurnRecordInput {
  return input({ outcome: { ...outcome, calls } });
}

describe("the record of a turn", () => {
  const record = buildTurnRecord(input());

  test("has one turn, with the output of all agents in the order of the plan", () => {
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
      synthesis: null,
      summaryTriggered: false,
      summaryUsedFallback: false,
      pruneTriggered: false,
      overflowRejected: false,
      createdAt: openedAt,
    });
  });

  test("has the run of its claim, with the holder that commits it", () => {
    expect(record.claim).toEqual({ sessionId: uuid(1), runId: uuid(2), holder: uuid(4) });
    expect(record.run).toEqual({
      id: uuid(2),
      turnId: uuid(2),
      sessionId: uuid(1),
      kind: "turn",
      idempotencyKey: "key-1",
      requestHash: "hash-1",
      grantedCredits: "20.00000000",
      committedBy: uuid(4),
      createdAt: finishedAt,
    });
  });

  test("numbers the user's message and the replies after the session's last message", () => {
    expect(record.messages.map(({ seq, role, agentKey, status }) => [seq, role, agentKey, status])).toEqual([
      [13, "user", null, "completed"],
      [14, "assistant", "bob", "failed"],
      [15, "assistant", "ada", "completed"],
    ]);
    expect(record.messages.map(({ createdAt }) => createdAt)).toEqual([openedAt, finishedAt, finishedAt]);
    expect(record.messages[1]?.error).toEqual({ code: "model_error", message: "It broke." });
    expect(record.messages.every(({ visibility }) => visibility === "shared")).toBe(true);
  });

  test("gives every message and audit row its own id", () => {
    const ids = [...record.messages, ...record.audits].map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
  });

  test("has an audit row for each agent: its budget, what it was sent, what was left out and why", () => {
    const ofTurn = { turnId: uuid(2), runId: uuid(2), modelAliasMarker: "multi-agent", unknownTags: ["zoe"] };
    expect(record.audits).toMatchObject([
      { ...ofTurn, agentKey: "bob", modelAlias: "gone" },
      {
        ...ofTurn,
        agentKey: "ada",
        modelAlias: "deepseek",
        inputBudget: 122_471,
        estimatedTokensBefore: 99,
        estimatedTokensAfterPrune: 77,
        tokenScale: "1.2500",
        countedInputTokens: 120,
        included: [
          [3, 5],
          [9, 9],
        ],
        dropped: [{ from: 1, to: 2, reason: "pruned_reply" }],
      },
    ]);
  });

  test("has the run's own calls in the first audit row only", () => {
    const routing: RoutingDecision = {
      selectedKeys: ["bob", "ada"],
      rule: "selected",
      verdict: "ok",
      raw: "{}",
    };
    const { audits } = buildTurnRecord(input({ outcome: { ...outcome, decisions: [routing] } }));
    expect(audits.map((audit) => audit.routing)).toEqual([routing, null]);
  });

  test("of one agent has its reply as output and its model alias as the turn's", () => {
    const alone = { ...outcome, replies: outcome.replies.slice(1) };
    const { turn } = buildTurnRecord(input({ outcome: alone }));
    expect(turn).toMatchObject({ assistantOutput: "hello from Ada", modelAliasUsed: "deepseek" });
  });

  test("is read back with all its rows", () => {
    const { stored, turn, messages, ledger } = record;
    expect(stored).toEqual({ turn, messages, ledger, toolEvents: [] });
  });
});

describe("the record of a retry", () => {
  const before = buildTurnRecord(input());
  const record = buildTurnRecord(
    input({
      claim: { ...claim, runId: uuid(6), kind: "retry", idempotencyKey: null },
      lastSeq: 15,
      retried: before.stored,
      outcome: {
        ...outcome,
        replies: [
          { step: "bob#1", agentKey: "bob", messageId: uuid(53), status: "completed", content: "now I can" },
        ],
        calls: [call({ agentKey: "bob" })],
        prompts: [prompt("bob")],
      },
    }),
  );

  test("adds only the new reply, in place of the failed one", () => {
    expect(record.messages).toMatchObject([
      { id: uuid(53), seq: 16, agentKey: "bob", runId: uuid(6), turnId: uuid(2), supersedesId: uuid(51) },
    ]);
    expect(record.turn).toMatchObject({
      id: uuid(2),
      status: "completed",
      assistantOutput: "Bob: now I can\n\nAda: hello from Ada",
      modelAliasUsed: "multi-agent",
      createdAt: openedAt,
    });
  });

  test("adds its calls to the turn's ledger and removes none", () => {
    expect(record.ledger).toHaveLength(1);
    expect(record.stored.ledger).toEqual([...before.ledger, ...record.ledger]);
    expect(record.stored.messages).toEqual([...before.messages, ...record.messages]);
  });
});

describe("the ledger of a turn", () => {
  test("has exact amounts for billed calls", () => {
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

  test("has calls that may not have been billed, at no cost", () => {
    const unknown = call({
      status: "unknown",
      usageSource: "estimated",
      usage: { fresh: 50, cached: 0, output: 0 },
    });
    expect(buildTurnRecord(withCalls(unknown)).ledger).toMatchObject([
      { status: "unknown", inputTokensFresh: 50, totalTokens: 50, oeTokens: "0.0000", credits: "0.00000000" },
    ]);
  });

  test("charges a failed call that was billed", () => {
    const failed = call({ status: "failed", usageSource: "estimated" });
    expect(buildTurnRecord(withCalls(failed)).ledger).toMatchObject([
      { status: "failed", usageSource: "estimated", credits: "0.00820000" },
    ]);
  });

  test("prices a call of a holder with other prices by the version in its row", () => {
    const dearer = call({ multiplierHundredths: 1_400 });
    const vanished = call({ multiplierHundredths: 1_400, modelAlias: "gone", round: 2 });
    expect(buildTurnRecord(withCalls(dearer, vanished)).ledger).toMatchObject([
      { pricingVersion: "2026-02-20", credits: "0.00820000" },
      { modelAlias: "gone", credits: "0.11480000" },
    ]);
  });

  test("has the same id for an attempt, whichever holder writes it, and for no other attempt", () => {
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
    const otherHolder = withCalls(...calls.map((one) => ({ ...one, holder: uuid(5) })));
    expect(buildTurnRecord(otherHolder).ledger.map(({ id }) => id)).not.toEqual(expect.arrayContaining(ids));
  });

  test("is empty without calls", () => {
    expect(buildTurnRecord(withCalls()).ledger).toEqual([]);
  });
});

describe("the mode of the room", () => {
  test("does not change where the turn consumed no pending mode", () => {
    expect(buildTurnRecord(input()).consumedMode).toBeNull();
  });

  test("becomes the pending one that the turn used", () => {
    const consuming = { ...claim, snapshot: { ...claim.snapshot, consumesPendingMode: true } };
    expect(buildTurnRecord(input({ claim: consuming })).consumedMode).toEqual({
      roomId: uuid(3),
      mode: "tag",
    });
  });
});
