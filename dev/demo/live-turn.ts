import * as z from "zod";
import { stripFence, truncate } from "../truncate.ts";
import type { AgentOutput } from "./agent-output.ts";
import type { TurnEvent } from "./api.ts";

const maxNoteLength = 90;

/** What the last event of a run adds to the stored turn. Times in ms. */
const runResult = z.object({
  id: z.uuid(),
  timing: z.object({
    open_ms: z.number(),
    model_ms: z.number(),
    tools_ms: z.number(),
    commit_ms: z.number(),
    total_ms: z.number(),
    database_round_trips: z.number(),
    checkpoint_round_trips: z.number(),
  }),
});

export type RunResult = z.output<typeof runResult>;

/** A turn while it streams: it takes every event, and then has the result. */
export type LiveTurn = {
  handle(event: TurnEvent): void;
  /** Throws an Error where the turn did not end or was not stored. */
  result(): RunResult;
  /** From the step's first event to its last. */
  elapsedMs(step: string): number | undefined;
};

type StepOutput = { step: string; output: AgentOutput; startedMs: number; endedMs?: number };

/** Prints the text of each agent and the tools it uses. */
export function followTurn(
  openOutput: (name: string) => AgentOutput,
  nowMs = () => performance.now(),
): LiveTurn {
  const parts = new Map<string, StepOutput>();
  const toolCalls = new Map<string, { name: string; args: string }>();
  let result: RunResult | undefined;
  let failure: string | undefined;

  const partOf = ({ subagentRunId }: { subagentRunId?: string | undefined }) =>
    parts.get(subagentRunId ?? "");
  const end = (part: StepOutput | undefined) => {
    part?.output.flush();
    if (part) part.endedMs = nowMs();
  };

  const handle = (event: TurnEvent) => {
    switch (event.type) {
      case "SUBAGENT_STARTED":
        parts.set(event.subagentRunId, {
          step: String(event.metadata?.step ?? event.name),
          output: openOutput(event.name ?? "agent"),
          startedMs: nowMs(),
        });
        break;
      case "TEXT_MESSAGE_CONTENT":
        partOf(event)?.output.write(event.delta);
        break;
      case "TEXT_MESSAGE_END":
        partOf(event)?.output.flush();
        break;
      case "TOOL_CALL_START":
        toolCalls.set(event.toolCallId, { name: event.toolCallName, args: "" });
        break;
      case "TOOL_CALL_ARGS": {
        const call = toolCalls.get(event.toolCallId);
        if (call) call.args += event.delta;
        break;
      }
      case "TOOL_CALL_END": {
        const call = toolCalls.get(event.toolCallId);
        if (call) partOf(event)?.output.note(`uses ${call.name} ${truncate(call.args, maxNoteLength)}`);
        break;
      }
      case "TOOL_CALL_RESULT":
        partOf(event)?.output.note(`receives ${truncate(stripFence(textOf(event.content)), maxNoteLength)}`);
        break;
      case "SUBAGENT_ERROR":
        partOf(event)?.output.note(`failed: ${event.message} (${event.code ?? "no code"})`);
        end(partOf(event));
        break;
      case "SUBAGENT_FINISHED":
        end(partOf(event));
        break;
      case "RUN_ERROR":
        failure = `The turn could not be stored: ${event.message} (${event.code ?? "no code"})`;
        break;
      case "RUN_FINISHED":
        result = runResult.parse(event.result);
        break;
    }
  };

  return {
    handle,
    result() {
      if (result) return result;
      throw new Error(failure ?? "The stream ended before the turn was stored.");
    },
    elapsedMs(step) {
      const part = [...parts.values()].find((candidate) => candidate.step === step);
      return part?.endedMs === undefined ? undefined : part.endedMs - part.startedMs;
    },
  };
}

/** Pantheon's tools return text. The protocol allows parts too. */
function textOf(content: unknown): string {
  return typeof content === "string" ? content : JSON.stringify(content);
}
