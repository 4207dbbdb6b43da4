import * as z from "zod";
import { loadQueue } from "../db/turn/session-queue.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { sessionOf, sessionParams } from "./schemas/session.ts";
import { queuedTurn, toQueuedTurn } from "./schemas/turn-pending.ts";

const list = defineRoute(
  "get",
  "/sessions/{session_id}/queue",
  "List the turns that wait, the next one first",
  {
    id: "listQueue",
    tag: "turns",
    description: "A whole list: at most ten turns wait in a session. One that has started is not among them.",
    request: { params: sessionParams },
    responses: {
      200: json(
        z
          .object({ data: z.array(queuedTurn).describe("In the order in which they start") })
          .meta({ id: "SessionQueue", description: "The turns that wait in a session" }),
        "The turns that wait",
      ),
    },
  },
);

export function registerSessionQueueRoute(app: App, { db }: Deps): void {
  app.openapi(list, async (c) => {
    const queue = await loadQueue(db, sessionOf(c.var.user, c.req.valid("param")));
    return c.json({ data: queue.map(toQueuedTurn) }, 200);
  });
}
