import type { Catalog } from "../../domain/catalog.ts";
import type { ContextLimits } from "../../domain/context/context-budget.ts";
import type { TurnContext } from "../../domain/context/turn-context.ts";
import type { Log } from "../../domain/log.ts";
import type { RosterAgent, TurnPlan } from "../../domain/plan/turn-plan.ts";
import type { RunIdentity, ToolPort } from "../../domain/tool.ts";
import type { StepRows } from "../../domain/turn/checkpoint.ts";
import type { EmitTurnEvent } from "../../domain/turn/turn-events.ts";
import type { ModelCallRecord } from "../../domain/turn/turn-outcome.ts";
import type { TurnSize } from "../../domain/turn/turn-size.ts";
import type { CallModel } from "../model/model-port.ts";
import { type AgentEvents, createAgentEvents } from "../nodes/agent-events.ts";
import { type AgentWork, workOf } from "./agent-work.ts";
import type { TurnStateValue } from "./turn-state.ts";

/** Everything outside the runtime that it uses. Nothing of a request lives in module scope. */
export type TurnPorts = {
  callModel: CallModel;
  tools: ToolPort;
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
  /** Whether a call may be started now. */
  mayCall: () => boolean;
  /** Receives every call of an agent when it ends, also a call that the run then loses. */
  onCall: (calls: readonly ModelCallRecord[]) => void;
  /** Stores rows of the run's checkpoints in one request; false: they were not stored. Never rejects. */
  storeStep: (rows: StepRows) => Promise<boolean>;
  emit: EmitTurnEvent;
  log: Log;
  /** A UUID v7, for messages and agents' parts of the run. */
  newId: () => string;
};

/** What the nodes of one turn's graph share. */
export type NodeContext = {
  plan: TurnPlan;
  context: TurnContext;
  identity: RunIdentity;
  ports: TurnPorts;
  signal: AbortSignal;
  /** What the turn may still hold. */
  size: TurnSize;
  /** Agents' runs whose start this holder has emitted. A holder that resumes the run emits it again. */
  startedAgents: Set<string>;
  /** Resolves once all answers so far were tried to be stored. */
  flushed: () => Promise<unknown>;
};

/** An agent's work as the state holds it, or started now, with the events of the agent. */
export function continueWork(
  agent: RosterAgent,
  { ports, startedAgents }: NodeContext,
  state: TurnStateValue,
): { work: AgentWork & { agentRunId: string }; events: AgentEvents } {
  const before = workOf(agent.agentKey, state.toolMessages);
  const agentRunId = before.agentRunId ?? ports.newId();
  const work = { ...before, agentRunId };
  if (!startedAgents.has(agentRunId)) {
    startedAgents.add(agentRunId);
    ports.emit({ type: "agent_started", agentRunId, agentKey: agent.agentKey, agentName: agent.name });
  }
  return { work, events: createAgentEvents(agent.name, agentRunId, ports.emit) };
}

/** Thrown by nodes of a run that was stopped, so that what was cut off is not stored as an agent's failure. */
export class RunStopped extends Error {
  constructor() {
    super("the run was stopped");
    this.name = "RunStopped";
  }
}
