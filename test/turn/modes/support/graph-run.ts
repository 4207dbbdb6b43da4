import { v5 as uuidv5, v7 as uuidv7 } from "uuid";
import { buildCatalog, type CatalogModel } from "../../../../src/domain/catalog.ts";
import { estimateTokens } from "../../../../src/domain/context/token-estimate.ts";
import type { TurnContext } from "../../../../src/domain/context/turn-context.ts";
import { noFiles } from "../../../../src/domain/files/turn-files.ts";
import type { Log } from "../../../../src/domain/log.ts";
import { standardDialect } from "../../../../src/domain/model-dialect.ts";
import type { RosterAgent } from "../../../../src/domain/plan/roster-agent.ts";
import type { TurnPlan } from "../../../../src/domain/plan/turn-plan.ts";
import type { ToolPort } from "../../../../src/domain/tool.ts";
import type { TurnEvent } from "../../../../src/domain/turn/turn-events.ts";
import { noUse } from "../../../../src/domain/turn/turn-limiter.ts";
import type { TurnPorts } from "../../../../src/runtime/graph/node-context.ts";
import { type RunInput, runTurn } from "../../../../src/runtime/graph/run-turn.ts";
import { createOpenAiModel } from "../../../../src/runtime/model/openai-model.ts";
import { createAdjustmentMemory } from "../../../../src/runtime/model/request-adjustments.ts";
import { createModels, type ScriptedModels } from "../../../support/models.ts";
import { noLimit, type PlanForm, planOf } from "../../../support/plans.ts";
import { someIdentity } from "../../../support/tool-context.ts";
import { nameOf, roleOf } from "../../../support/turn-fixture.ts";

/** Keys of a turn's agents and the tools each may use. */
export type GraphAgents = Record<string, readonly string[]>;
export type GraphTurn = {
  agents: GraphAgents;
  tools: ToolPort;
  flow?: PlanForm;
  /** In place of the plan that `flow` gives. */
  toPlan?: (roster: readonly RosterAgent[]) => TurnPlan;
  message?: string;
  contextWindowTokens?: number;
};

const silent: Log = { info() {}, warn() {}, error() {}, with: () => silent };

/** A turn at the runtime's door: no HTTP and no database, but real model calls to a scenario of its own. */
export function createGraphTurn({
  agents,
  tools,
  flow = "sequence",
  toPlan = (roster) => planOf(flow, roster),
  message = "hello",
  contextWindowTokens = 131_072,
}: GraphTurn) {
  const models = createModels();
  const roster = Object.entries(agents).map(
    ([agentKey, toolPermissions], position): RosterAgent => ({
      agentKey,
      toolPermissions,
      position,
      name: nameOf(agentKey),
      rolePrompt: roleOf(agentKey),
      modelAlias: "deepseek",
    }),
  );
  const plan = toPlan(roster);
  const context: TurnContext = {
    goal: null,
    roster,
    summary: null,
    history: [],
    files: { ...noFiles, attachments: [] },
    userMessage: message,
    storedAnswers: [],
    tokenScales: new Map(),
    dueSummary: null,
    isTitleDue: false,
  };
  const events: TurnEvent[] = [];
  const ports = createPorts(models, tools, { emit: (event) => events.push(event) });
  const model: CatalogModel = {
    alias: "deepseek",
    provider: "own",
    providerModel: "own/model",
    contextWindowTokens,
    multiplierHundredths: 100,
    dialect: standardDialect,
  };
  ports.catalog = buildCatalog([model], "test");
  return {
    models,
    plan,
    context,
    ports,
    events,
    async run() {
      const ran = await runTurn(newRun({ plan, context }), ports);
      if (ran.kind === "stopped") throw new Error("the run was stopped");
      return ran.outcome;
    },
  };
}

/** The input of a run of which nothing is stored. */
export function newRun(planned: Pick<RunInput, "plan" | "context">): RunInput {
  return {
    ...planned,
    runId: uuidv7(),
    identity: someIdentity,
    stored: undefined,
    used: noUse,
    isRetry: false,
    grant: noLimit,
  };
}

/** The ports of a run: scripted models, and the tests' own tools. */
export function createPorts(
  models: ScriptedModels,
  tools: ToolPort,
  more: Partial<TurnPorts> = {},
): TurnPorts {
  return {
    fileTokensPerTurn: 24_000,
    callModel: createOpenAiModel({
      baseUrl: models.baseUrl,
      apiKeys: new Map([["LLM_API_KEY", "test-key"]]),
      callTimeoutMs: 10_000,
      callTotalMs: 20_000,
      random: Math.random,
      pause: () => scheduler.wait(0),
      now: Date.now,
      estimateTokens,
      adjustments: createAdjustmentMemory(),
    }),
    tools,
    toolPrices: new Map(),
    catalog: buildCatalog([], ""),
    limits: {
      maxOutputTokens: 2_048,
      summaryRatio: 0.7,
      pruneRatio: 0.9,
      summaryEveryTurns: 8,
      keepRawTurns: 4,
    },
    managerModelAlias: "deepseek",
    summarizerModelAlias: "deepseek",
    estimateTokens,
    now: Date.now,
    turnTimeoutMs: 20_000,
    summaryGraceMs: 0,
    holder: uuidv7(),
    cancel: new AbortController().signal,
    stop: new AbortController().signal,
    mayCall: () => true,
    onCall: () => undefined,
    storeCheckpoint: async () => true,
    emit: () => undefined,
    log: silent,
    newId: uuidv7,
    deriveId: (namespace, name) => uuidv5(name, namespace),
    ...more,
  };
}
