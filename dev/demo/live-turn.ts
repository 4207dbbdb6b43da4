import * as z from "zod";
import { glimpse, unfenced } from "../glimpse.ts";
import type { TurnEvent } from "./api.ts";
import type { Voice } from "./spoken-lines.ts";

const maxNoteLength = 90;

/** What a run's last event tells beside the stored turn, times in ms. */
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

/** A turn as it is heard: give it every event, then ask what was heard. */
export type LiveTurn = {
  hear(event: TurnEvent): void;
  /** Throws an Error where the turn did not end, or could not be stored. */
  result(): RunResult;
  /** From the agent's first event to its last, by its key. */
  elapsedMs(agentKey: string): number | undefined;
};

type Part = { agentKey: string; voice: Voice; startedMs: number; endedMs?: number };

/** Shows the words of a turn under the names of those who say them, and the tools they use. */
export function followTurn(openVoice: (name: string) => Voice, nowMs = () => performance.now()): LiveTurn {
  const parts = new Map<string, Part>();
  const toolCalls = new Map<string, { name: string; args: string }>();
  let result: RunResult | undefined;
  let failure: string | undefined;

  const partOf = ({ subagentRunId }: { subagentRunId?: string | undefined }) =>
    parts.get(subagentRunId ?? "");
  const end = (part: Part | undefined) => {
    part?.voice.pause();
    if (part) part.endedMs = nowMs();
  };

  const hear = (event: TurnEvent) => {
    switch (event.type) {
      case "SUBAGENT_STARTED":
        parts.set(event.subagentRunId, {
          agentKey: String(event.metadata?.agent_key ?? event.name),
          voice: openVoice(event.name ?? "agent"),
          startedMs: nowMs(),
        });
        break;
      case "TEXT_MESSAGE_CONTENT":
        partOf(event)?.voice.say(event.delta);
        break;
      case "TEXT_MESSAGE_END":
        partOf(event)?.voice.pause();
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
        if (call) partOf(event)?.voice.note(`uses ${call.name} ${glimpse(call.args, maxNoteLength)}`);
        break;
      }
      case "TOOL_CALL_RESULT":
        partOf(event)?.voice.note(`is told ${glimpse(unfenced(textOf(event.content)), maxNoteLength)}`);
        break;
      case "SUBAGENT_ERROR":
        partOf(event)?.voice.note(`failed: ${event.message} (${event.code ?? "no code"})`);
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
    hear,
    result() {
      if (result) return result;
      throw new Error(failure ?? "The stream ended before the turn was stored.");
    },
    elapsedMs(agentKey) {
      const part = [...parts.values()].find((candidate) => candidate.agentKey === agentKey);
      return part?.endedMs === undefined ? undefined : part.endedMs - part.startedMs;
    },
  };
}

/** Our tools return text; the protocol allows for parts. */
function textOf(content: unknown): string {
  return typeof content === "string" ? content : JSON.stringify(content);
}
