import { END, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { Router } from "../../domain/plan/mode.ts";
import type { RosterAgent } from "../../domain/plan/roster-agent.ts";
import { agentStepId, type Step, stepRoleOf, synthesisStepId } from "../../domain/plan/step.ts";
import { isRoutingOver, possibleSteps, takenSteps } from "../../domain/plan/taken-steps.ts";
import type { TurnPlan } from "../../domain/plan/turn-plan.ts";
import { createModelNode } from "../nodes/model-node.ts";
import { createRouteNode } from "../nodes/route-node.ts";
import { maxToolRequests } from "../nodes/tool-calls.ts";
import { createToolsNode, triggeredCalls } from "../nodes/tools-node.ts";
import { workOf } from "./agent-work.ts";
import type { NodeContext } from "./node-context.ts";
import { PlainRunnable } from "./plain-runnable.ts";
import { RunState, type RunStateUpdate, type RunStateValue } from "./run-state.ts";
import { isStepDone } from "./state-outcome.ts";

const routeNodeName = (round: number) => `route#${round}`;
const modelNodeName = (step: string) => `${step}.model`;
const toolsNodeName = (step: string) => `${step}.tools`;
const doneNodeName = (step: string) => `${step}.done`;

type PlannedStep = Pick<Step, "id" | "agent">;

/** Supersteps that a graph of this plan can take at most; LangGraph stops one that goes on. */
export function recursionLimit(plan: TurnPlan): number {
  const superstepsPerStep = 2 * (maxToolRequests + 1) + 1;
  const rounds = plan.router?.maxRounds ?? 0;
  return 2 + rounds + superstepsPerStep * listSteps(plan).length;
}

/**
 * One flat graph per run, built from its plan. Each step is a node `<step>.model` and, only if its agent may use
 * tools, a node `<step>.tools`, looping. Edges come from `after`. A routed plan has a node `route#<round>` before
 * each round, and nodes for all steps that the manager may start.
 */
export function compileRunGraph(run: NodeContext, checkpointer?: BaseCheckpointSaver) {
  const { plan } = run;
  const graph = openGraph();
  const steps = listSteps(plan);
  const entries = new Map(steps.map((step) => [step.id, entryNode(step, run)]));
  const enter = (stepId: string) => entries.get(stepId) ?? END;
  const edges = plan.router === null ? fixedEdges(run, enter) : routedEdges(run, plan.router, enter);
  for (const step of steps) addStep(graph, run, step, edges);
  edges.addOwnNodes(graph);
  for (const start of edges.starts) graph.addEdge(START, start);
  return graph.compile(checkpointer === undefined ? {} : { checkpointer });
}

/** Every step that the graph may run. */
function listSteps(plan: TurnPlan): PlannedStep[] {
  const synthesis = plan.synthesizer === null ? [] : [{ id: synthesisStepId, agent: plan.synthesizer }];
  return [...(plan.router === null ? plan.steps : possibleSteps(plan.router)), ...synthesis];
}

/** How steps follow each other. */
type Edges = {
  starts: readonly string[];
  /** Nodes after a step that has replied. */
  next: (stepId: string, state: RunStateValue) => string[];
  /** All nodes that `next` may give for a step. */
  targets: (stepId: string) => string[];
  /** Adds the nodes that belong to no step. */
  addOwnNodes: (graph: PlannedGraph) => void;
};

function addStep(graph: PlannedGraph, run: NodeContext, step: PlannedStep, edges: Edges): void {
  const name = modelNodeName(step.id);
  const hasStoredAnswers = run.context.storedAnswers.length > 0;
  const isDone = (state: RunStateValue) =>
    isStepDone({ id: step.id, role: stepRoleOf(step.id) }, state, hasStoredAnswers);
  const next = (state: RunStateValue) =>
    isDone(state) ? edges.next(step.id, state) : [nextInStep(step.id, state)];
  graph.addNode(name, createModelNode(step, run));
  const own = hasTools(step.agent) ? [name, toolsNodeName(step.id)] : [name];
  graph.addConditionalEdges(name, next, [...new Set([...own, ...edges.targets(step.id)])]);
  if (!hasTools(step.agent)) return;
  graph.addNode(toolsNodeName(step.id), createToolsNode(step, run));
  graph.addEdge(toolsNodeName(step.id), name);
}

/** The edges of a plan whose steps are all known. A step after several others waits for their `done` nodes. */
function fixedEdges({ plan }: NodeContext, enter: (stepId: string) => string): Edges {
  const steps = takenSteps(plan, []);
  const joining = steps.filter(({ after }) => after.length > 1);
  const joined = [...new Set(joining.flatMap(({ after }) => after))];
  const targets = (stepId: string) => {
    const following = steps.filter(({ after }) => after.length === 1 && after[0] === stepId);
    const nodes = following.map(({ id }) => enter(id));
    const all = joined.includes(stepId) ? [...nodes, doneNodeName(stepId)] : nodes;
    return all.length === 0 ? [END] : all;
  };
  return {
    starts: steps.filter(({ after }) => after.length === 0).map(({ id }) => enter(id)),
    next: targets,
    targets,
    addOwnNodes(graph) {
      for (const stepId of joined) graph.addNode(doneNodeName(stepId), async () => ({}));
      for (const { id, after } of joining) graph.addEdge(after.map(doneNodeName), enter(id));
    },
  };
}

/** The edges of a plan whose steps the manager picks, round by round. */
function routedEdges(run: NodeContext, router: Router, enter: (stepId: string) => string): Edges {
  const { plan } = run;
  const rounds = Array.from({ length: router.maxRounds }, (_, index) => index + 1);
  const entries = listSteps(plan).map(({ id }) => enter(id));
  const afterRound = ({ decisions }: RunStateValue): string => {
    if (!isRoutingOver(plan, decisions)) return routeNodeName(decisions.length + 1);
    return plan.synthesizer === null ? END : enter(synthesisStepId);
  };
  const afterRouting = (state: RunStateValue): string[] => {
    const first = takenSteps(plan, state.decisions).find(({ round }) => round === state.decisions.length);
    return [first === undefined ? afterRound(state) : enter(first.id)];
  };
  return {
    starts: [routeNodeName(1)],
    next(stepId, state) {
      if (stepRoleOf(stepId) === "synthesis") return [END];
      const following = takenSteps(plan, state.decisions).find(({ after }) => after.includes(stepId));
      return [following === undefined ? afterRound(state) : enter(following.id)];
    },
    targets: () => [...entries, ...rounds.slice(1).map(routeNodeName), END],
    addOwnNodes(graph) {
      for (const round of rounds) {
        graph.addNode(routeNodeName(round), createRouteNode(round, run));
        graph.addConditionalEdges(routeNodeName(round), afterRouting, [...entries, END]);
      }
    },
  };
}

function hasTools({ toolPermissions }: RosterAgent): boolean {
  return toolPermissions.length > 0;
}

/** A message whose first words ask for a tool starts with that tool, in the agent's first step of the turn. */
function entryNode({ id, agent }: PlannedStep, run: NodeContext): string {
  const isFirst = id === agentStepId(agent.agentKey, 1);
  const isTriggered = isFirst && hasTools(agent) && triggeredCalls(agent, run).length > 0;
  return isTriggered ? toolsNodeName(id) : modelNodeName(id);
}

/** Where a step without a reply goes on after a model call: to its tools, or to another call. */
function nextInStep(stepId: string, { toolMessages }: RunStateValue): string {
  return workOf(stepId, toolMessages).pending.length > 0 ? toolsNodeName(stepId) : modelNodeName(stepId);
}

type GraphNode = (state: RunStateValue) => Promise<RunStateUpdate>;

/** The parts of LangGraph's builder and of a compiled graph that are used here. */
type PlannedGraph = {
  addNode(name: string, node: GraphNode): void;
  addEdge(from: string | string[], to: string): void;
  addConditionalEdges(from: string, next: (state: RunStateValue) => string[], targets: string[]): void;
  compile(options: { checkpointer?: BaseCheckpointSaver }): CompiledRunGraph;
};

export type RunGraphConfig = {
  recursionLimit: number;
  durability?: "sync";
  configurable?: { thread_id: string };
};

export type CompiledRunGraph = {
  nodes: Readonly<Record<string, unknown>>;
  invoke(input: object | null, config: RunGraphConfig): Promise<RunStateValue>;
};

/** LangGraph types node names statically, but these come from a plan. Every edge names a node that is added here. */
function openGraph(): PlannedGraph {
  const graph = new StateGraph(RunState) as unknown as RunnableGraph;
  return {
    addNode: (name, node) => graph.addNode(name, new PlainRunnable(name, node)),
    addEdge: (from, to) => graph.addEdge(from, to),
    addConditionalEdges: (from, next, targets) =>
      graph.addConditionalEdges(from, new PlainRunnable("next", next), targets),
    compile: (options) => graph.compile(options),
  };
}

/** LangGraph's builder, which takes runnables where `PlannedGraph` takes functions. */
type RunnableGraph = Pick<PlannedGraph, "addEdge" | "compile"> & {
  addNode(name: string, node: PlainRunnable<RunStateValue, RunStateUpdate>): void;
  addConditionalEdges(from: string, next: PlainRunnable<RunStateValue, string[]>, targets: string[]): void;
};
