import { ownEntry } from "../domain/own-entry.ts";
import type { TurnContext } from "../domain/turn-context.ts";
import type { AgentReply, TurnOutcome } from "../domain/turn-outcome.ts";
import type { TurnPlan } from "../domain/turn-plan.ts";
import type { AgentRun, TurnPorts } from "./agent-run.ts";
import { limitCalls } from "./call-limit.ts";
import { guardTools } from "./guarded-tools.ts";
import { startStopwatch } from "./stopwatch.ts";
import { startSummary } from "./summary-run.ts";
import { compileTurnGraph, recursionLimit } from "./turn-graph.ts";
import type { TurnStateValue } from "./turn-state.ts";

export type { TurnPorts } from "./agent-run.ts";

export type RunTurn = (plan: TurnPlan, context: TurnContext, ports: TurnPorts) => Promise<TurnOutcome>;

/** The most model calls of one turn that are in flight at once, the summary's among them. */
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
  const modelWatch = startStopwatch(ports.now);
  const toolsWatch = startStopwatch(ports.now);
  const callModel = limitCalls(modelWatch.timing(ports.callModel), callsInFlight);
  const guarded = guardTools(ports.tools);
  const tools = { ...guarded, execute: toolsWatch.timing(guarded.execute) };
  const run: AgentRun = { plan, context, ports: { ...ports, callModel, tools }, signal: deadline.signal };
  const summary = startSummary(run);
  try {
    const state = await compileTurnGraph(run).invoke({}, { recursionLimit: recursionLimit(plan) });
    const [modelMs, toolsMs] = [modelWatch.elapsedMs(), toolsWatch.elapsedMs()];
    const { made, overhead } = await summary.settle(ports.summaryGraceMs);
    return {
      replies: repliesInOrder(run, state),
      calls: state.calls,
      prompts: answerOrder(run, state).flatMap((agentKey) => ownEntry(state.prompts, agentKey) ?? []),
      toolEvents: state.toolEvents,
      privateMessages: state.privateMessages,
      routing: state.routing,
      overhead: [...state.overhead, ...overhead],
      summary: made,
      modelMs,
      toolsMs,
    };
  } finally {
    summary.stop();
    clearTimeout(timer);
  }
};

function answerOrder({ plan }: AgentRun, { routing }: TurnStateValue): readonly string[] {
  return plan.flow === "routed" ? (routing?.selectedKeys ?? []) : plan.agents.map(({ agentKey }) => agentKey);
}

/** One reply for everybody who was to answer, in the order of answers, whoever finished first. */
function repliesInOrder(run: AgentRun, state: TurnStateValue): AgentReply[] {
  return answerOrder(run, state).map(
    (agentKey) => ownEntry(state.replies, agentKey) ?? unanswered(agentKey, run.ports.newId()),
  );
}

function unanswered(agentKey: string, messageId: string): AgentReply {
  return {
    agentKey,
    messageId,
    status: "failed",
    failure: { code: "deadline", message: "The agent was not asked." },
  };
}
