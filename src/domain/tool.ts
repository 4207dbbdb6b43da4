/** What runtime and tools have in common: how a run asks for a tool, and what it gets. */

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
export type JsonRecord = { readonly [key: string]: JsonValue };

/** A tool as a model is offered it; `parameters` is a JSON schema. */
export type OfferedTool = { name: string; description: string; parameters: JsonRecord };

/** Whose run it is. A tool that reads stored data must ask for it in these names. */
export type RunIdentity = { userId: string; roomId: string; sessionId: string };

export type ToolContext = RunIdentity & {
  /** Stops the execution, which then ends with an error. */
  signal: AbortSignal;
};

export type ToolRequest = {
  name: string;
  /** The model's own text, JSON if it kept to the form. */
  argumentsText: string;
  /** The agent's permissions as they are stored, whatever they are. */
  permissions: unknown;
  context: ToolContext;
};

/** A tool call that a user's message asks for, in the form that a model would have asked for it. */
export type ToolTrigger = Pick<ToolRequest, "name" | "argumentsText">;

/** One execution or refusal: `content` is for the model, the rest for the record. */
export type ToolExecution = {
  /** As the model wrote it, cut at 64 characters. */
  toolName: string;
  /** `denied`: nothing was run. */
  status: "success" | "error" | "denied";
  /** As the model is shown it: text from outside fenced, refusals and failures in words of this house. */
  content: string;
  /** Each at most 8 KiB of JSON. */
  input: JsonRecord;
  output: JsonRecord;
  latencyMs: number;
};

/** How a run reaches tools. */
export type ToolPort = {
  /** What a model may be offered: the permitted tools, in their order. */
  offered(permissions: unknown): OfferedTool[];
  /** The first permitted tool that the message asks for by its prefix. */
  trigger(message: string, permissions: unknown): ToolTrigger | null;
  /** Checks the permission again, whatever was offered, and runs the tool. Never throws. */
  execute(request: ToolRequest): Promise<ToolExecution>;
};
