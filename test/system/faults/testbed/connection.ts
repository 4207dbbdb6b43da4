import { type IncomingMessage, request as send } from "node:http";
import { text } from "node:stream/consumers";

/** One request on a socket of its own. Its client can leave at any moment. */
export type Connection = {
  /** Rejects where the connection breaks first. */
  response: Promise<IncomingMessage>;
  /** Reads the rest; rejects where the connection breaks. */
  readAll(): Promise<string>;
  /**
   * Leaves at once, by a reset. A Worker without an edge in front of it notices a closed idle connection only at its
   * next write.
   */
  reset(): void;
};

export type Sent = { method: string; headers: Readonly<Record<string, string>>; body: string };

export function connect(url: string, { method, headers, body }: Sent): Connection {
  const request = send(url, { method, headers, agent: false });
  // Reported by `response`; ignored once it has come.
  request.on("error", () => undefined);
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
  });
  response.catch(() => undefined);
  request.end(body);
  return {
    response,
    readAll: async () => text(await response),
    reset: () => request.socket?.resetAndDestroy(),
  };
}
