import type { AGUIEvent } from "@ag-ui/core";
import type { Turn } from "../api/types.ts";
import type { PendingTurn } from "./pending-turn.ts";

export type LiveTool = { id: string; name: string; args: string; result: string | undefined };

/** One step of a running turn, as far as it has arrived. */
export type LivePart = {
  /** Also after a resume, whichever Worker runs the step. */
  id: string;
  step: string;
  agentKey: string;
  name: string;
  role: string;
  /** Joined text; an empty line where a tool was used in between. */
  text: string;
  tools: LiveTool[];
  state: "working" | "done" | "failed";
  finishReason: string | undefined;
  failure: { code: string; message: string } | undefined;
  startedMs: number;
  endedMs: number | undefined;
};

export type LiveTurn = {
  /** Undefined until the server has sent it. */
  turnId: string | undefined;
  /** The user's message; undefined for a retry, whose turn is stored. */
  message: string | undefined;
  /** The stored turn that a retry goes on with. */
  retryOf: string | undefined;
  /** `waiting`: turns before it are answered first. `lost`: the connection broke, and is being made again. */
  state: "sending" | "waiting" | "running" | "lost";
  parts: LivePart[];
  /** Whom the manager picked, round by round. */
  rounds: { round: number; agentKeys: string[] }[];
  result: Turn | undefined;
  error: { code: string; message: string } | undefined;
};

export function newLiveTurn({ message, retryOf, turnId }: PendingTurn): LiveTurn {
  return {
    message,
    retryOf,
    turnId: turnId ?? retryOf,
    state: turnId === undefined ? "sending" : "waiting",
    parts: [],
    rounds: [],
    result: undefined,
    error: undefined,
  };
}

/** Takes one event into the turn. Changes `turn` itself: hundreds arrive in a second. */
export function applyEvent(turn: LiveTurn, event: AGUIEvent, nowMs: number): void {
  turn.state = "running";
  switch (event.type) {
    case "MESSAGES_SNAPSHOT":
      takeSnapshot(turn, event.messages, nowMs);
      return;
    case "RUN_FINISHED":
      // Safe: the result of a run is the turn as the API answers it.
      turn.result = event.result as Turn;
      return;
    case "RUN_ERROR":
      turn.error = { code: event.code ?? "internal_error", message: event.message };
      return;
    case "CUSTOM":
      takeRound(turn, event.name, event.value);
      return;
    case "SUBAGENT_STARTED":
      startPart(turn, event, nowMs);
      return;
    default:
      applyToPart(turn, event, nowMs);
  }
}

function applyToPart(turn: LiveTurn, event: AGUIEvent, nowMs: number): void {
  const part = turn.parts.find(({ id }) => "subagentRunId" in event && id === event.subagentRunId);
  if (part === undefined) return;
  switch (event.type) {
    case "TEXT_MESSAGE_START":
      if (part.text !== "") part.text += "\n\n";
      return;
    case "TEXT_MESSAGE_CONTENT":
      part.text += event.delta;
      return;
    case "TOOL_CALL_START":
      part.tools.push({ id: event.toolCallId, name: event.toolCallName, args: "", result: undefined });
      return;
    case "TOOL_CALL_ARGS":
    case "TOOL_CALL_RESULT":
      applyToTool(part, event);
      return;
    case "SUBAGENT_FINISHED":
      part.state = "done";
      part.endedMs = nowMs;
      part.finishReason = String(event.metadata?.finish_reason ?? "");
      return;
    case "SUBAGENT_ERROR":
      part.state = "failed";
      part.endedMs = nowMs;
      part.failure = { code: event.code ?? "", message: event.message };
      return;
  }
}

function applyToTool(part: LivePart, event: AGUIEvent): void {
  const tool = part.tools.find(({ id }) => "toolCallId" in event && id === event.toolCallId);
  if (tool === undefined) return;
  if (event.type === "TOOL_CALL_ARGS") tool.args += event.delta;
  if (event.type === "TOOL_CALL_RESULT") tool.result = textOf(event.content);
}

type StepStart = Extract<AGUIEvent, { type: "SUBAGENT_STARTED" }>;

function startPart(turn: LiveTurn, event: StepStart, nowMs: number): void {
  const { subagentRunId: id, name = "Agent", metadata } = event;
  const agentKey = String(metadata?.agent_key ?? "");
  const part: LivePart = {
    id,
    step: String(metadata?.step ?? agentKey),
    agentKey,
    name,
    role: String(metadata?.role ?? "agent"),
    text: "",
    tools: [],
    state: "working",
    finishReason: undefined,
    failure: undefined,
    startedMs: nowMs,
    endedMs: undefined,
  };
  const index = turn.parts.findIndex((known) => known.id === id);
  // A step that was cut off starts again.
  if (index === -1) turn.parts.push(part);
  else turn.parts[index] = part;
}

function takeRound(turn: LiveTurn, name: string, value: unknown): void {
  if (name !== "ROUND_STARTED" || typeof value !== "object" || value === null) return;
  const { round, steps } = value as { round: number; steps: { agent_key: string }[] };
  if (turn.rounds.some((known) => known.round === round)) return;
  turn.rounds.push({ round, agentKeys: steps.map(({ agent_key: key }) => key) });
}

type Snapshot = Extract<AGUIEvent, { type: "MESSAGES_SNAPSHOT" }>["messages"];

/** The stored answers of a resumed run are in the snapshot, after the last message of the user. */
function takeSnapshot(turn: LiveTurn, messages: Snapshot, nowMs: number): void {
  const last = messages.findLastIndex(({ role }) => role === "user");
  // A turn that has not started is not in the conversation yet: what follows the last message are answers to another.
  const isOfTurn = turn.message === undefined || textOf(messages[last]?.content) === turn.message;
  if (!isOfTurn) return;
  turn.parts = messages.slice(last + 1).map((message) => {
    const metadata: Record<string, unknown> = Object(Reflect.get(message, "metadata"));
    const hasFailed = metadata.status === "failed";
    const text = textOf(message.content);
    return {
      id: message.id,
      step: message.id,
      agentKey: String(metadata.agent_key ?? ""),
      name: String(Reflect.get(message, "name") ?? "Agent"),
      role: "agent",
      text: hasFailed ? "" : text,
      tools: [],
      state: hasFailed ? "failed" : "done",
      finishReason: undefined,
      failure: hasFailed ? { code: "", message: text } : undefined,
      startedMs: nowMs,
      endedMs: nowMs,
    };
  });
}

function textOf(content: unknown): string {
  return typeof content === "string" ? content : JSON.stringify(content ?? "");
}
