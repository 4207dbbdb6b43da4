import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Handle, readBody, startLoopbackServer } from "../loopback-server.ts";
import { type ChatCall, readChatCall } from "./chat-call.ts";

const maxRequestBytes = 32 * 1024 * 1024;
const chatPath = "/chat/completions";

/** Answers one call; see `sendAnswer`. A rejection after the client has left is ignored. */
export type Respond = (call: ChatCall, response: ServerResponse) => Promise<unknown>;

export type ModelServer = { url: string; stop(): Promise<void> };

/**
 * An OpenAI-compatible server on loopback: POST to any path that ends in `/chat/completions`.
 * Other requests go to `control`, or are 404. `url` is the origin, without `/v1`.
 */
export async function startModelServer({
  respond,
  control,
  port = 0,
}: {
  respond: Respond;
  control?: Handle;
  port?: number;
}): Promise<ModelServer> {
  const handle: Handle = async (request, response) => {
    const path = request.url?.split("?")[0] ?? "";
    if (request.method === "POST" && path.endsWith(chatPath)) {
      await answerCall(request, response, path.slice(0, -chatPath.length), respond);
    } else if (control) {
      await control(request, response);
    } else {
      refuse(response, 404, "not found");
    }
  };
  const server = await startLoopbackServer(handle, { port });
  return { url: server.origin, stop: server.stop };
}

async function answerCall(
  request: IncomingMessage,
  response: ServerResponse,
  basePath: string,
  respond: Respond,
) {
  const body = await readBody(request, maxRequestBytes);
  const closed = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) closed.abort(new Error("the client went away"));
  });
  const call = readChatCall(body?.toString("utf8") ?? "", {
    callId: `chatcmpl-${randomUUID()}`,
    basePath,
    authorizationPresent: Boolean(request.headers.authorization),
    acceptEncoding: request.headers["accept-encoding"]?.toString() ?? null,
    clientClosed: closed.signal,
  });
  if (call === null) return refuse(response, 400, "the body must be a JSON object");
  try {
    await respond(call, response);
  } catch (error) {
    if (!closed.signal.aborted) throw error;
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ error: { message, code: status } }));
}
