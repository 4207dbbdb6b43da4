import type { Catalog } from "../../domain/catalog.ts";
import type { ContextLimits } from "../../domain/context/context-budget.ts";
import type { TurnContext } from "../../domain/context/turn-context.ts";
import type { Log } from "../../domain/log.ts";
import type { Step } from "../../domain/plan/step.ts";
import { takenSteps } from "../../domain/plan/taken-steps.ts";
import type { TurnPlan } from "../../domain/plan/turn-plan.ts";
import type { RunIdentity } from "../../domain/run-identity.ts";
import type { ToolPort } from "../../domain/tool.ts";
import type { CheckpointRows } from "../../domain/turn/checkpoint.ts";
import type { EmitTurnEvent } from "../../domain/turn/turn-events.ts";
import type { TurnLimiter } from "../../domain/turn/turn-limiter.ts";
import type { ModelCallRecord } from "../../domain/turn/turn-outcome.ts";
import type { CallModel } from "../model/model-port.ts";
import { type AgentEvents, createAgentEvents } from "../nodes/agent-events.ts";
import { type AgentWork, workOf } from "./agent-work.ts";
import type { CallPayment } from "./pay-for-calls.ts";
import type { RunStateValue } from "./run-state.ts";

/** Everything outside the runtime that it uses. No module keeps data of a request. */
export type TurnPorts = {
  callModel: CallModel;
  tools: ToolPort;
  /** Credits of a successful call by the tool's name, 10⁻⁸; a tool that is not in it is free. */
  toolPrices: ReadonlyMap<string, bigint>;
  /** Estimated tokens of files' text that the agents of one turn together may be given. */
  fileTokensPerTurn: number;
  catalog: Catalog;
  limits: ContextLimits;
  managerModelAlias: string;
  summarizerModelAlias: string;
  /** Estimated tokens of a text, unscaled. */
  estimateTokens: (text: string) => number;
  /** Milliseconds of a clock that only needs to run forward. */
  now: () => number;
  /** From the start of the run; agents that have not answered by then fail with `deadline`. */
  turnTimeoutMs: number;
  /** How long the commit waits for a summary that is still being made. */
  summaryGraceMs: number;
  /** The holder of the run. Every record of a call names it. */
  holder: string;
  /** Aborts if the run must stop before its end. This holder then commits nothing of it. */
  stop: AbortSignal;
  /** Aborts, with the failure of agents that have not answered, if the run is cancelled. It then ends at once. */
  cancel: AbortSignal;
  /** Whether a call may be started now. */
  mayCall: () => boolean;
  /** Receives every call of an agent when it ends, also where the run stops before the call is stored. */
  onCall: (calls: readonly ModelCallRecord[]) => void;
  /** Stores rows of the run's checkpoints in one request; false: they were not stored. Never rejects. */
  storeCheckpoint: (rows: CheckpointRows) => Promise<boolean>;
  emit: EmitTurnEvent;
  log: Log;
  /** A UUID v7, for messages and records. */
  newId: () => string;
  /** A UUID v5: the same for the same name within a namespace. */
  deriveId: (namespace: string, name: string) => string;
};

/** What the nodes of one run's graph share. */
export type NodeContext = {
  runId: string;
  plan: TurnPlan;
  context: TurnContext;
  identity: RunIdentity;
  ports: TurnPorts;
  signal: AbortSignal;
  /** What the run may still spend. */
  payment: CallPayment;
  /** What the turn may still hold. */
  limiter: TurnLimiter;
  /** Steps and rounds whose start this holder has emitted. A holder that resumes the run emits it again. */
  started: Set<string>;
  /** Resolves when storing has been tried for all answers so far. */
  flushed: () => Promise<unknown>;
};

/** A step's work as the state holds it, with the events of the step. */
export function continueWork(
  { id, agent }: Pick<Step, "id" | "agent">,
  run: NodeContext,
  state: RunStateValue,
): { work: AgentWork; events: AgentEvents; step: Step } {
  const step = findStep(run, state, id);
  const agentRunId = run.ports.deriveId(run.runId, id);
  startRound(run, state, step);
  if (!run.started.has(id)) {
    run.started.add(id);
    run.ports.emit({
      type: "agent_started",
      agentRunId,
      step: id,
      role: step.role,
      round: step.round,
      agentKey: agent.agentKey,
      agentName: agent.name,
    });
  }
  return {
    work: workOf(id, state.toolMessages),
    events: createAgentEvents(agent.name, agentRunId, run.ports.emit),
    step,
  };
}

/** A node runs only for a step that is decided. */
function findStep({ plan }: NodeContext, { decisions }: RunStateValue, stepId: string): Step {
  const step = takenSteps(plan, decisions).find(({ id }) => id === stepId);
  if (step === undefined) throw new Error("A step that is not in the plan was started.");
  return step;
}

/** Emits the start of a round before its first step. Only a plan with a router has rounds. */
function startRound(
  { plan, ports, started }: NodeContext,
  { decisions }: RunStateValue,
  { round }: Step,
): void {
  if (plan.router === null || round === null || started.has(`round ${round}`)) return;
  started.add(`round ${round}`);
  const steps = stepsOfRound(plan, decisions, round);
  const decision = decisions[round - 1];
  if (decision === undefined) throw new Error("A round was started that is not decided.");
  ports.emit({
    type: "round_started",
    round,
    decision: { rule: decision.rule, verdict: decision.verdict },
    steps: steps.map(({ id, agent }) => ({ step: id, agentKey: agent.agentKey })),
  });
}

/** Emits the end of a round after its last step. */
export function finishRound({ plan, ports }: NodeContext, { decisions }: RunStateValue, step: Step): void {
  const { id, round } = step;
  if (plan.router === null || round === null) return;
  if (stepsOfRound(plan, decisions, round).at(-1)?.id === id) ports.emit({ type: "round_finished", round });
}

function stepsOfRound(plan: TurnPlan, decisions: RunStateValue["decisions"], round: number): Step[] {
  return takenSteps(plan, decisions).filter((step) => step.round === round);
}

/** Thrown by the nodes of a run that was stopped, so that a call that was cut off is not stored as an agent's failure. */
export class RunStopped extends Error {
  constructor() {
    super("the run was stopped");
    this.name = "RunStopped";
  }
}
