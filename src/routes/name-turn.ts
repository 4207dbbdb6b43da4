import type { Context } from "hono";
import { apiPath } from "../http/api-path.ts";

/** Says in the headers where a turn and its events are: a client that reads a stream needs it to cancel the turn. */
export function nameTurn(c: Context, { id, sessionId }: { id: string; sessionId: string }): void {
  const turn = `${apiPath}/sessions/${sessionId.toLowerCase()}/turns/${id.toLowerCase()}`;
  c.header("Location", turn);
  c.header("Link", `<${turn}/events>; rel="monitor"; type="text/event-stream"`);
}
