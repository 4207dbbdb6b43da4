import { type AgentContext, fitAgentContext } from "../../domain/context/agent-context.ts";
import type { PromptTask, SameTurnAnswer } from "../../domain/context/prompt.ts";
import type { Step } from "../../domain/plan/step.ts";
import type { AgentWork } from "../graph/agent-work.ts";
import type { NodeContext } from "../graph/node-context.ts";
import type { RunStateValue } from "../graph/run-state.ts";
import { sameTurnAnswersFor } from "./same-turn-answers.ts";

/** The context of a step's next model call, as the run is now. */
export function fitStep(run: NodeContext, state: RunStateValue, step: Step, work: AgentWork): AgentContext {
  const { ports, context, plan } = run;
  const sameTurnAnswers = sameTurnAnswersFor(run, state, step);
  return fitAgentContext({
    agent: step.agent,
    task: taskOf(step, sameTurnAnswers),
    mode: plan.mode,
    context,
    sameTurnAnswers,
    toolMessages: work.toolMessages,
    triggerResult: work.triggerResult,
    catalog: ports.catalog,
    limits: ports.limits,
    estimateTokens: ports.estimateTokens,
  });
}

function taskOf({ role, agent }: Step, answers: readonly SameTurnAnswer[]): PromptTask {
  switch (role) {
    case "synthesis":
      return "synthesis";
    case "agent":
      return answers.some(({ agentKey }) => agentKey === agent.agentKey) ? "further_answer" : "answer";
  }
}
