import { END, START, StateGraph } from "@langchain/langgraph";
import type { TurnPlan } from "../domain/turn-plan.ts";
import { type AgentPorts, createModelNode } from "./model-node.ts";
import type { TurnContext } from "./run-turn.ts";
import { TurnState } from "./turn-state.ts";

export const modelNodeName = (agentKey: string) => `${agentKey}.model`;

/** One graph per turn, built from its plan: parallel agents start together, sequential ones form a chain. */
export function compileTurnGraph(plan: TurnPlan, context: TurnContext, ports: AgentPorts) {
  const graph = new StateGraph(TurnState);
  const names = plan.agents.map((agent) => {
    const name = modelNodeName(agent.agentKey);
    graph.addNode(name, createModelNode(agent, plan, context, ports));
    return name;
  });
  for (const edge of planEdges(names, plan.order)) connect(graph, ...edge);
  return graph.compile();
}

type Edge = readonly [from: string, to: string];

function planEdges(names: readonly string[], order: TurnPlan["order"]): Edge[] {
  if (order === "parallel")
    return names.flatMap((name): Edge[] => [
      [START, name],
      [name, END],
    ]);
  const path = [START, ...names, END];
  return path.slice(1).map((name, index): Edge => [path[index] ?? START, name]);
}

/** LangGraph types node names statically; ours come from the plan, and were added just before. */
function connect(graph: unknown, from: string, to: string): void {
  (graph as { addEdge(from: string, to: string): void }).addEdge(from, to);
}
