import type { JsonRecord, ToolContext } from "../domain/tool.ts";

/** A model's arguments as the tool reads them, or a message to the model that says why it cannot. */
export type ArgumentsReading<Args> = { ok: true; args: Args } | { ok: false; message: string };

export type ToolResult = {
  status: "success" | "error";
  /** For the model, not fenced yet. On `error` a text of the tool, never one of a peer. */
  content: string;
  /** What later turns are sent in its place, without text from outside; absent: the same. */
  laterContent?: string;
  /** For the record: the request and its result. Never a secret. */
  input: JsonRecord;
  output: JsonRecord;
};

/**
 * A tool. Its functions are methods, so that tools with different arguments fit into one list. The registry calls
 * `execute` only with arguments that the same tool's `readArguments` returned.
 */
export type Tool<Args extends JsonRecord = JsonRecord> = {
  name: string;
  /** For models, and for people who choose an agent's permissions. */
  description: string;
  /** What agents are asked to cite where they rely on a result; absent: the URL that it gives. */
  citeBy?: string;
  /** JSON schema of the arguments, for function calling. */
  parameters: JsonRecord;
  /** Reads the model's own text. Tolerates unknown fields, limits sizes, never throws. */
  readArguments(text: string): ArgumentsReading<Args>;
  /** The arguments of a message that asks for the tool by its prefix. Null: it does not. */
  readTrigger(message: string): Args | null;
  /** Never throws: an error is a result. */
  execute(args: Args, context: ToolContext): Promise<ToolResult>;
};
