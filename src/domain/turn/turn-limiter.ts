import { type RecordedRead, sumFileTokens } from "../files/file-reads.ts";
import { createFileTokens, type FileTokens } from "../files/file-tokens.ts";
import { jsonBytes } from "../text/json-bytes.ts";
import type { AgentFailure } from "./agent-failure.ts";

const KiB = 1_024;

/**
 * What a turn may hold, all its runs together. The limits keep every request that stores the turn, and every answer that
 * reads it, under the 10 MiB of Neon's endpoint. Bytes are those of a text as JSON. A commit holds each reply twice (in
 * its message and in the turn); a checkpoint holds its texts as hex, two digits a byte.
 */
export const turnBounds = {
  /** How many answers of an agent may ask for tools. The next one must be its reply. */
  maxToolRequests: 4,
  maxToolCallsPerAnswer: 4,
  maxToolCallsPerAgent: 16,
  maxToolCallsPerTurn: 48,
  maxToolResultBytes: 32 * KiB,
  maxToolBytesPerAgent: 256 * KiB,
  maxToolBytesPerTurn: 1_024 * KiB,
  /** Texts of models: replies, and the answers that ask for tools, with their arguments and provider's fields. */
  maxModelBytesPerTurn: 1_024 * KiB,
  /** The first one and its retries. Each adds replies, ledger rows and audit rows, also where every agent fails. */
  maxRuns: 16,
} as const;

/** Bytes that a tool's own text may have. The rest of a result is for the fence around it. */
export const maxToolContentBytes = turnBounds.maxToolResultBytes - KiB;

/** The lists of a run's state that hold texts. The other lists, with what was spent, are small. */
export const textLists: readonly string[] = ["replies", "toolMessages", "toolEvents"];

/** Sent to the model instead of a result, and kept in the record of the call. */
export const toolLimitCode = "tool_limit_reached";

/** Why an agent's answer is not kept. */
export const turnTooLarge: AgentFailure = {
  code: "turn_too_large",
  message: "With this answer the turn would be larger than one can be stored.",
};

/** What a turn already holds. The limits apply to it together with what a run adds. */
export type TurnUse = {
  toolCalls: number;
  toolBytes: number;
  modelBytes: number;
  /** Estimated tokens of files' text that agents were given. */
  fileTokens: number;
  byStep: ReadonlyMap<string, StepUse>;
};

export type StepUse = { toolCalls: number; toolBytes: number };

export const noStepUse: StepUse = { toolCalls: 0, toolBytes: 0 };

export const noUse: TurnUse = { toolCalls: 0, toolBytes: 0, modelBytes: 0, fileTokens: 0, byStep: new Map() };

type StoredTexts = {
  messages: readonly { role: "user" | "assistant" | "tool"; content: string; partial: string | null }[];
  toolEvents: readonly RecordedRead[];
};

/** What a stored turn holds, which a retry adds to. A step's own bounds are those of one run. */
export function measureStoredTurn({ messages, toolEvents }: StoredTexts): TurnUse {
  const bytesOf = (role: "assistant" | "tool") =>
    messages.reduce((sum, message) => (message.role === role ? sum + bytesOfMessage(message) : sum), 0);
  return {
    toolCalls: toolEvents.filter(({ output }) => !isLimitRefusal(output)).length,
    toolBytes: bytesOf("tool"),
    modelBytes: bytesOf("assistant"),
    fileTokens: sumFileTokens(toolEvents),
    byStep: new Map(),
  };
}

function bytesOfMessage({ content, partial }: StoredTexts["messages"][number]): number {
  return jsonBytes(content) + (partial === null ? 0 : jsonBytes(partial));
}

function isLimitRefusal(output: unknown): boolean {
  return typeof output === "object" && output !== null && "error" in output && output.error === toolLimitCode;
}

/** Keeps a turn within `turnBounds` while it runs. All its agents share one, since they may run at once. */
export type TurnLimiter = {
  /**
   * Reserves room for one tool call, the nth of its answer from 1. Returns a function to be called with the result, which
   * frees the room that the result does not need. Null: there is no room.
   */
  startToolCall(step: string, nthOfAnswer: number): ((content: string) => void) | null;
  /** Adds a text of a model. False: the turn has no room for it. */
  takeModelText(value: unknown): boolean;
  /** File text that the turn has room for. */
  fileTokens: FileTokens;
};

/** `maxFileTokens`: estimated tokens of files' text that all agents of a turn together may be given. */
export function createTurnLimiter(used: TurnUse, maxFileTokens: number): TurnLimiter {
  const turn = { toolCalls: used.toolCalls, toolBytes: used.toolBytes };
  let modelBytes = used.modelBytes;
  const steps = new Map([...used.byStep].map(([step, use]) => [step, { ...use }]));
  return {
    startToolCall(step, nthOfAnswer) {
      const stepUse = steps.get(step) ?? { ...noStepUse };
      steps.set(step, stepUse);
      if (nthOfAnswer > turnBounds.maxToolCallsPerAnswer || !hasRoom(stepUse, turn)) return null;
      const add = (calls: number, bytes: number) => {
        for (const use of [stepUse, turn]) {
          use.toolCalls += calls;
          use.toolBytes += bytes;
        }
      };
      add(1, turnBounds.maxToolResultBytes);
      return (content) => add(0, jsonBytes(content) - turnBounds.maxToolResultBytes);
    },
    takeModelText(value) {
      const bytes = jsonBytes(value);
      if (modelBytes + bytes > turnBounds.maxModelBytesPerTurn) return false;
      modelBytes += bytes;
      return true;
    },
    fileTokens: createFileTokens(maxFileTokens, used.fileTokens),
  };
}

/** Room is reserved for the largest result, since the size of a result is not known before the call. */
function hasRoom(step: StepUse, turn: StepUse): boolean {
  const { maxToolResultBytes } = turnBounds;
  return (
    step.toolCalls < turnBounds.maxToolCallsPerAgent &&
    turn.toolCalls < turnBounds.maxToolCallsPerTurn &&
    step.toolBytes + maxToolResultBytes <= turnBounds.maxToolBytesPerAgent &&
    turn.toolBytes + maxToolResultBytes <= turnBounds.maxToolBytesPerTurn
  );
}
