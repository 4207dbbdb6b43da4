import { END, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { RosterAgent, TurnPlan } from "../../domain/plan/turn-plan.ts";
import { createModelNode } from "../nodes/model-node.ts";
import { createRouteNode } from "../nodes/route-node.ts";
import { maxToolRounds } from "../nodes/tool-round.ts";
import { createToolsNode, triggeredCall } from "../nodes/tools-node.ts";
import { workOf } from "./agent-work.ts";
import type { NodeContext } from "./node-context.ts";
import { PlainRunnable } from "./plain-runnable.ts";
import { entryOf, TurnState, type TurnStateUpdate, type TurnStateValue } from "./turn-state.ts";

const routeNodeName = "route";
const modelNodeName = (agentKey: string) => `${agentKey}.model`;
const toolsNodeName = (agentKey: string) => `${agentKey}.tools`;

/** Steps a graph of this plan can take at most; LangGraph stops one that goes on. */
export function recursionLimit(plan: TurnPlan): number {
  const stepsPerAgent = 2 * (maxToolRounds + 1);
  return 2 + stepsPerAgent * (plan.flow === "parallel" ? 1 : plan.agents.length);
}

/**
 * One flat graph per turn, built from its plan: parallel agents start together, a sequence is a chain, and a
 * routed plan asks the manager first and then goes through those it picked. Each agent is a node
 * `<key>.model` and, only if it may use tools, a node `<key>.tools`, looping.
 */
export function compileTurnGraph(run: NodeContext, checkpointer?: BaseCheckpointSaver) {
  const { plan } = run;
  const graph = openGraph();
  const entries = new Map(plan.agents.map((agent) => [agent.agentKey, entryNode(agent, run)]));
  const enter = (agentKey: string | undefined) => entries.get(agentKey ?? "") ?? END;
  const targets = [...entries.values(), END];
  for (const [index, agent] of plan.agents.entries()) {
    const { agentKey } = agent;
    const name = modelNodeName(agentKey);
    const following = plan.flow === "parallel" ? undefined : plan.agents[index + 1]?.agentKey;
    const next = (state: TurnStateValue) =>
      nextInAgent(agent, state) ?? enter(plan.flow === "routed" ? selectedAfter(agentKey, state) : following);
    graph.addNode(name, createModelNode(agent, run));
    const own = hasTools(agent) ? [name, toolsNodeName(agentKey)] : [name];
    graph.addConditionalEdges(name, next, [...new Set([...own, ...targets])]);
    if (hasTools(agent)) {
      graph.addNode(toolsNodeName(agentKey), createToolsNode(agent, run));
      graph.addEdge(toolsNodeName(agentKey), name);
    }
  }
  if (plan.flow === "routed") {
    graph.addNode(routeNodeName, createRouteNode(run));
    graph.addEdge(START, routeNodeName);
    graph.addConditionalEdges(routeNodeName, (state) => enter(selectedAfter(null, state)), targets);
  }
  if (plan.flow === "sequence") graph.addEdge(START, enter(plan.agents[0]?.agentKey));
  if (plan.flow === "parallel") for (const name of entries.values()) graph.addEdge(START, name);
  return graph.compile(checkpointer === undefined ? {} : { checkpointer });
}

function hasTools({ toolPermissions }: RosterAgent): boolean {
  return toolPermissions.length > 0;
}

/** A message that asks for a tool by its first words starts with the tool. */
function entryNode(agent: RosterAgent, run: NodeContext): string {
  const isTriggered = hasTools(agent) && triggeredCall(agent, run) !== null;
  return isTriggered ? toolsNodeName(agent.agentKey) : modelNodeName(agent.agentKey);
}

/** The agent's node after a model call: its tools or another call. Undefined: it has replied. */
function nextInAgent(
  { agentKey }: RosterAgent,
  { replies, toolMessages }: TurnStateValue,
): string | undefined {
  if (entryOf(replies, agentKey) !== undefined) return undefined;
  const isWaiting = workOf(agentKey, toolMessages).pending.length > 0;
  return isWaiting ? toolsNodeName(agentKey) : modelNodeName(agentKey);
}

/** The agent after `agentKey` among those the manager picked; after null: the first of them. */
function selectedAfter(agentKey: string | null, { routing }: TurnStateValue): string | undefined {
  const selected = routing?.selectedKeys ?? [];
  return selected[agentKey === null ? 0 : selected.indexOf(agentKey) + 1];
}

type TurnNode = (state: TurnStateValue) => Promise<TurnStateUpdate>;

/** The parts of LangGraph's builder and of a compiled graph that are used here. */
type PlannedGraph = {
  addNode(name: string, node: TurnNode): void;
  addEdge(from: string, to: string): void;
  addConditionalEdges(from: string, next: (state: TurnStateValue) => string, targets: string[]): void;
  compile(options: { checkpointer?: BaseCheckpointSaver }): CompiledTurnGraph;
};

export type TurnGraphConfig = {
  recursionLimit: number;
  durability?: "sync";
  configurable?: { thread_id: string };
};

export type CompiledTurnGraph = {
  nodes: Readonly<Record<string, unknown>>;
  invoke(input: object | null, config: TurnGraphConfig): Promise<TurnStateValue>;
};

/** LangGraph types node names statically, but these come from a plan. Every edge names a node that is added here. */
function openGraph(): PlannedGraph {
  const graph = new StateGraph(TurnState) as unknown as RunnableGraph;
  return {
    addNode: (name, node) => graph.addNode(name, new PlainRunnable(name, node)),
    addEdge: (from, to) => graph.addEdge(from, to),
    addConditionalEdges: (from, next, targets) =>
      graph.addConditionalEdges(from, new PlainRunnable("next", next), targets),
    compile: (options) => graph.compile(options),
  };
}

/** The same builder, given runnables in place of functions. */
type RunnableGraph = Pick<PlannedGraph, "addEdge" | "compile"> & {
  addNode(name: string, node: PlainRunnable<TurnStateValue, TurnStateUpdate>): void;
  addConditionalEdges(from: string, next: PlainRunnable<TurnStateValue, string>, targets: string[]): void;
};
