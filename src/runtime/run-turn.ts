import type { CatalogModel } from "../domain/catalog.ts";
import type { TranscriptMessage } from "../domain/prompt.ts";
import type { EmitTurnEvent } from "../domain/turn-events.ts";
import type { AgentReply, TurnOutcome } from "../domain/turn-outcome.ts";
import type { RosterAgent, TurnPlan } from "../domain/turn-plan.ts";
import { limitCalls } from "./call-limit.ts";
import { failedReply } from "./failed-reply.ts";
import type { CallModel } from "./model/model-port.ts";
import { startStopwatch } from "./stopwatch.ts";
import { compileTurnGraph } from "./turn-graph.ts";

/** What the turn's agents are shown; history is read at open and not part of the graph's state. */
export type TurnContext = {
  goal: string | null;
  roster: readonly RosterAgent[];
  history: readonly TranscriptMessage[];
  userMessage: string;
};

/** Everything the runtime reaches the world through; nothing of a request lives in module scope. */
export type TurnPorts = {
  callModel: CallModel;
  models: ReadonlyMap<string, CatalogModel>;
  maxOutputTokens: number;
  estimateTokens: (text: string) => number;
  /** Milliseconds of a clock that only needs to run forward. */
  now: () => number;
  /** From the start of the run; agents that have not answered by then fail with `deadline`. */
  turnTimeoutMs: number;
  emit: EmitTurnEvent;
  /** A UUID v7, for messages and agents' parts of the run. */
  newId: () => string;
};

export type RunTurn = (plan: TurnPlan, context: TurnContext, ports: TurnPorts) => Promise<TurnOutcome>;

/** The most model calls of one turn that are in flight at once. */
const callsInFlight = 4;

/**
 * The runtime's door: runs a plan as one LangGraph graph and gives what came of it. An agent's failure is
 * part of the outcome; this throws only where the graph itself breaks.
 */
export const runTurn: RunTurn = async (plan, context, ports) => {
  const deadline = new AbortController();
  const timer = setTimeout(
    () =>
      deadline.abort({ code: "deadline", message: "The turn's deadline passed before the agent answered." }),
    ports.turnTimeoutMs,
  );
  const stopwatch = startStopwatch(ports.now);
  try {
    const callModel = limitCalls(stopwatch.timing(ports.callModel), callsInFlight);
    const graph = compileTurnGraph(plan, context, { ...ports, callModel, signal: deadline.signal });
    const state = await graph.invoke({}, { recursionLimit: plan.agents.length * 2 + 2 });
    return {
      replies: plan.agents.map(
        ({ agentKey }) => state.replies[agentKey] ?? unanswered(agentKey, ports.newId()),
      ),
      calls: state.calls,
      prompts: state.prompts,
      modelMs: stopwatch.elapsedMs(),
    };
  } finally {
    clearTimeout(timer);
  }
};

function unanswered(agentKey: string, messageId: string): AgentReply {
  return failedReply(agentKey, messageId, { code: "deadline", message: "The agent was not asked." });
}
