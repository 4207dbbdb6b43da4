import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { cancelTurn } from "../turn/cancel.ts";
import { cancelledTurn } from "./schemas/turn.ts";
import { turnParams } from "./schemas/turn-request.ts";

const cancel = defineRoute("post", "/sessions/{session_id}/turns/{turn_id}/cancel", "Cancel a turn", {
  id: "cancelTurn",
  tag: "turns",
  description: [
    "Ends the turn's run, a retry as well: it is stored with what had arrived, and agents that have not answered fail with",
    "`cancelled`. Calls that were sent are billed. A turn that is over, or is cancelled again, stays as it is.",
  ].join(" "),
  request: { params: turnParams },
  responses: { 202: json(cancelledTurn, "The turn is cancelled, or was over") },
});

export function registerCancelRoutes(app: App, deps: Deps): void {
  app.openapi(cancel, async (c) => {
    const { session_id: sessionId, turn_id: turnId } = c.req.valid("param");
    const { user, log } = c.var;
    const status = await cancelTurn(deps, { user, sessionId, log }, turnId);
    return c.json({ turn_id: turnId, status }, 202);
  });
}
