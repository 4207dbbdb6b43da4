import { END, START, StateGraph } from "@langchain/langgraph";
import type { TurnPlan } from "../domain/turn-plan.ts";
import type { AgentRun } from "./agent-run.ts";
import { createModelNode } from "./model-node.ts";
import { createRouteNode } from "./route-node.ts";
import { TurnState, type TurnStateUpdate, type TurnStateValue } from "./turn-state.ts";

export const routeNodeName = "route";
export const modelNodeName = (agentKey: string) => `${agentKey}.model`;

/** Steps a graph of this plan can take at most; LangGraph stops one that goes on. */
export function recursionLimit(plan: TurnPlan): number {
  return plan.agents.length + 3;
}

/**
 * One flat graph per turn, built from its plan: parallel agents start together, a sequence is a chain, and a
 * routed plan asks the manager first and then goes through those it picked.
 */
export function compileTurnGraph(run: AgentRun) {
  const { plan } = run;
  const graph = openGraph();
  const names = plan.agents.map(({ agentKey }) => modelNodeName(agentKey));
  for (const agent of plan.agents) graph.addNode(modelNodeName(agent.agentKey), createModelNode(agent, run));
  if (plan.flow === "routed") {
    graph.addNode(routeNodeName, createRouteNode(run));
    graph.addEdge(START, routeNodeName);
    graph.addConditionalEdges(routeNodeName, (state) => nextSelected(state, null), [...names, END]);
    for (const { agentKey } of plan.agents) {
      const next = (state: TurnStateValue) => nextSelected(state, agentKey);
      graph.addConditionalEdges(modelNodeName(agentKey), next, [...names, END]);
    }
  } else {
    const starts = plan.flow === "parallel" ? names : names.slice(0, 1);
    for (const name of starts) graph.addEdge(START, name);
    for (const [index, name] of names.entries()) {
      graph.addEdge(name, plan.flow === "parallel" ? END : (names[index + 1] ?? END));
    }
  }
  return graph.compile();
}

/** The node after `agentKey` among those the manager picked; after null: the first of them. */
function nextSelected({ routing }: TurnStateValue, agentKey: string | null): string {
  const selected = routing?.selectedKeys ?? [];
  const next = selected[agentKey === null ? 0 : selected.indexOf(agentKey) + 1];
  return next === undefined ? END : modelNodeName(next);
}

type TurnNode = (state: TurnStateValue) => Promise<TurnStateUpdate>;

type PlannedGraph = {
  addNode(name: string, node: TurnNode): void;
  addEdge(from: string, to: string): void;
  addConditionalEdges(from: string, next: (state: TurnStateValue) => string, targets: string[]): void;
  compile(): { invoke(input: object, config: { recursionLimit: number }): Promise<TurnStateValue> };
};

/** LangGraph types node names statically; ours come from a plan, and every edge names a node added here. */
function openGraph(): PlannedGraph {
  return new StateGraph(TurnState) as unknown as PlannedGraph;
}
