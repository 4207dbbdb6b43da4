import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import { bothFileTokens, createFileTokens, type FileTokens } from "../../domain/files/file-tokens.ts";
import type { Attachment, TurnFiles } from "../../domain/files/turn-files.ts";
import { mayUse } from "../../domain/permissions.ts";
import type { RosterAgent } from "../../domain/plan/roster-agent.ts";
import type { Step } from "../../domain/plan/step.ts";
import type { ToolContext, ToolTrigger } from "../../domain/tool.ts";
import type { AgentWork } from "../graph/agent-work.ts";
import { continueWork, type NodeContext, RunStopped } from "../graph/node-context.ts";
import type { RunStateUpdate, RunStateValue } from "../graph/run-state.ts";
import { fitStep } from "./step-context.ts";
import { executeCalls } from "./tool-calls.ts";

/**
 * The node `<step>.tools`: runs the pending calls in parallel and keeps their results in the order of the calls. Entered
 * before any model call, it runs the tools that the user's message itself asks for.
 */
export function createToolsNode(step: Pick<Step, "id" | "agent">, run: NodeContext) {
  return async (state: RunStateValue): Promise<RunStateUpdate> => {
    const { work, events, step: current } = continueWork(step, run, state);
    const isTriggered = work.pending.length === 0;
    const calls = isTriggered ? triggeredCalls(step.agent, run) : work.pending;
    const [first] = calls;
    if (isTriggered && first !== undefined) events.toolCalls(first.id, calls);
    const update = await executeCalls({
      step,
      run,
      events,
      round: work.toolRequests,
      calls,
      isTriggered,
      // The plan made sure that attached files fit into the prompt.
      fileTokens: isTriggered
        ? run.limiter.fileTokens
        : bothFileTokens(run.limiter.fileTokens, agentFileTokens(run, state, current, work)),
      attached: isTriggered ? attachedFiles(run.context.files) : new Map(),
    });
    // A tool that was cut off because the run stopped did not fail: a run that resumes calls it again.
    if (run.ports.stop.aborted) throw new RunStopped();
    return update;
  };
}

/** Tokens that a text takes in a result are more than its own: it is JSON in a fence. */
const resultShare = 1.25;

/** Tokens that are left for the agent's further calls and their refusals. */
const furtherCallTokens = 1_000;

/** File text that the agent's next prompt has room for. */
function agentFileTokens(run: NodeContext, state: RunStateValue, step: Step, work: AgentWork): FileTokens {
  if (!mayUse(step.agent.toolPermissions, "file_read")) return createFileTokens(0);
  const { roomTokens } = fitStep(run, state, step, work);
  return createFileTokens((roomTokens - furtherCallTokens) / resultShare);
}

/** The calls that the user's message asks this agent for by its first words: reads of attached files, or one other. */
export function triggeredCalls(
  { toolPermissions }: RosterAgent,
  { context, ports }: NodeContext,
): ToolCallRequest[] {
  const newCall = (trigger: ToolTrigger) => ({ id: `trigger-${ports.newId()}`, ...trigger });
  const { attachments } = context.files;
  if (attachments.length > 0 && mayUse(toolPermissions, "file_read")) {
    return attachments.flatMap(toReads).map(newCall);
  }
  const trigger = ports.tools.trigger(context.userMessage, toolPermissions);
  return trigger === null ? [] : [newCall(trigger)];
}

/** A call of `file_read` for each part of an attached file. */
function toReads(attachment: Attachment): ToolTrigger[] {
  const { fileId } = attachment;
  const reads =
    attachment.kind === "whole"
      ? attachment.parts.map(([from, to]) => ({ file_id: fileId, from_page: from, to_page: to }))
      : [{ file_id: fileId }];
  return reads.map((args) => ({ name: "file_read", argumentsText: JSON.stringify(args) }));
}

/** What open has read of the attached files. The keys are the ids as the tool reads them. */
function attachedFiles({ attachments }: TurnFiles): ToolContext["attached"] {
  return new Map(
    attachments.map((attachment) => {
      const { fileId, file, kind } = attachment;
      const pages = kind === "whole" ? [...attachment.pages] : [];
      const reading = file === undefined ? undefined : { file, pages };
      return [fileId.toLowerCase(), { reading, isTooLong: kind === "too_long" }];
    }),
  );
}
