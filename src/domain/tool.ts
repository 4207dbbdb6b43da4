import { cutCharacters } from "./text/cut-text.ts";
import { toStorableText } from "./text/storable-text.ts";

/** The types that runtime and tools share: a run's request for a tool, and its result. */

import type { FileReading } from "./files/file-library.ts";
import type { FileTokens } from "./files/file-tokens.ts";
import type { RunIdentity } from "./run-identity.ts";

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
export type JsonRecord = { readonly [key: string]: JsonValue };

/** A tool as it is offered to a model. `parameters` is a JSON schema. */
export type OfferedTool = { name: string; description: string; parameters: JsonRecord };

export type ToolContext = RunIdentity & {
  /** Stops the execution, which then fails. */
  signal: AbortSignal;
  /** File text that the turn and the agent's prompt have room for. */
  fileTokens: FileTokens;
  /** Of a call that the user's message itself asks for: the files that it attaches, by the id that the call names. */
  attached: ReadonlyMap<string, AttachedFile>;
};

/** A file that open has read. Undefined `reading`: the room has no such file. */
export type AttachedFile = { reading: FileReading | undefined; isTooLong: boolean };

export type ToolRequest = {
  name: string;
  /** The model's own text. It should be JSON. */
  argumentsText: string;
  /** The agent's permissions as they are stored. They may be of any form. */
  permissions: unknown;
  context: ToolContext;
};

/** A tool call that a user's message asks for, in the form of a model's call. */
export type ToolTrigger = Pick<ToolRequest, "name" | "argumentsText">;

/** One execution or refusal. `content` is for the model, the rest for the record. */
export type ToolExecution = {
  /** As the model wrote it, cut at 64 characters. */
  toolName: string;
  /** `denied`: nothing was run. */
  status: "success" | "error" | "denied";
  /** As the model is sent it. Text from outside is fenced; texts of refusals and failures are Pantheon's own. */
  content: string;
  /** What the agent is sent in place of `content` in later turns; absent: the same. */
  laterContent?: string;
  /** Each at most 8 KiB of JSON. */
  input: JsonRecord;
  output: JsonRecord;
  latencyMs: number;
};

/** The tools, as a run uses them. */
export type ToolPort = {
  /** The permitted tools, in a fixed order. */
  offered(permissions: unknown): OfferedTool[];
  /** The first permitted tool that the message asks for by its prefix. */
  trigger(message: string, permissions: unknown): ToolTrigger | null;
  /** Checks the permission again and runs the tool. Never throws. */
  execute(request: ToolRequest): Promise<ToolExecution>;
};

const maxNameCharacters = 64;

/** The name of a tool as a record has it: the model's own text, cut, and without characters that Postgres refuses. */
export function toRecordedName(name: string): string {
  return toStorableText(cutCharacters(name, maxNameCharacters));
}
