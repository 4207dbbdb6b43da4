/** A tool as a model is told of it. `parameters` is a JSON schema. */
export type OfferedTool = {
  name: string;
  description: string;
  parameters: Readonly<Record<string, unknown>>;
};

/** What came of one call; a refusal and a failure are results too. */
export type ToolExecution = {
  /** As the model wrote it, fit to be stored. */
  toolName: string;
  status: "success" | "error" | "denied";
  /** What the model is shown; fenced where it came from outside. */
  content: string;
  /** For the record, bounded. */
  input: unknown;
  output: unknown;
  latencyMs: number;
};

export type ToolRequest = {
  name: string;
  argumentsText: string;
  permissions: readonly string[];
  signal: AbortSignal;
};

/** How the runtime reaches tools. Permissions are checked again at each execution; nothing here throws. */
export type ToolPort = {
  offered(permissions: readonly string[]): OfferedTool[];
  execute(request: ToolRequest): Promise<ToolExecution>;
  /** The tool call that a message asks for by its first words, where the permissions allow it. */
  trigger(message: string, permissions: readonly string[]): { name: string; argumentsText: string } | null;
};
