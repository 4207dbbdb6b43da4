/** The parts of the answers that the scenario looks at. Every generated client must have them in its types. */
export type PlayedTurn = {
  id: string;
  status: "completed" | "partial" | "failed";
  replies: readonly {
    agent_key: string;
    status: string;
    content: string;
    error: { code: string } | null;
  }[];
};

export type PlayedEvent = { type: string; delta?: unknown; result?: unknown };

type Agent = { agent_key: string; name: string; model_alias: string; role_prompt: string };

/** What the scenario asks of the API, by a generated client. A refusal throws its `code`. */
export type PlayedClient = {
  createRoom(name: string): Promise<{ id: string; current_mode: string }>;
  addAgent(roomId: string, agent: Agent): Promise<{ position: number }>;
  uploadFile(roomId: string, name: string, bytes: Blob): Promise<{ id: string }>;
  getFile(fileId: string): Promise<{ status: string; page_count: number | null }>;
  downloadFile(fileId: string): Promise<string>;
  createSession(roomId: string): Promise<{ id: string }>;
  createTurn(sessionId: string, message: string): Promise<PlayedTurn>;
  retryTurn(sessionId: string, turnId: string): Promise<PlayedTurn>;
  streamTurn(sessionId: string, message: string): AsyncIterable<PlayedEvent>;
  queueTurn(sessionId: string, message: string): Promise<{ id: string; status: string }>;
  cancelTurn(sessionId: string, turnId: string): Promise<{ turn_id: string; status: string }>;
  getTurn(sessionId: string, turnId: string): Promise<PlayedTurn | { status: string }>;
};

/** The stored turn, of an operation that answers with the turn's state where it takes too long. */
export function asStored<Answer extends object>(turn: Answer): Extract<Answer, { replies: unknown }> {
  if (!("replies" in turn)) throw new Error("The turn is not stored yet.");
  // Safe: only a stored turn has replies.
  return turn as Extract<Answer, { replies: unknown }>;
}

export type Connect = (address: { url: string; token: string }) => PlayedClient;
