import type { JsonRecord, ToolContext } from "../domain/tool.ts";

/** A model's arguments as the tool understood them, or why it did not, in words for the model. */
export type ArgumentsReading<Args> = { ok: true; args: Args } | { ok: false; message: string };

export type ToolResult = {
  status: "success" | "error";
  /** What the model is shown, not fenced yet. On `error` our own words, never those of a peer. */
  content: string;
  /** For the record: what was asked and what came of it. Never a secret. */
  input: JsonRecord;
  output: JsonRecord;
};

/**
 * All that a tool is. Written as methods, so that tools of different arguments go into one list: the
 * registry hands `execute` only what the same tool's `readArguments` gave.
 */
export type Tool<Args extends JsonRecord = JsonRecord> = {
  name: string;
  /** For models, and for people who choose an agent's permissions. */
  description: string;
  /** JSON schema of the arguments, as function calling takes it. */
  parameters: JsonRecord;
  /** Reads the model's own text. Tolerates unknown fields, limits sizes, never throws. */
  readArguments(text: string): ArgumentsReading<Args>;
  /** The arguments that a user's message asks for by its prefix; null where it has none. */
  readTrigger(message: string): Args | null;
  /** Never throws: what goes wrong is a result. */
  execute(args: Args, context: ToolContext): Promise<ToolResult>;
};
