import type { Context } from "hono";
import type { Deps } from "../deps.ts";
import type { AppEnv } from "../http/app-env.ts";
import { cancelTurn } from "../turn/cancel.ts";

/** Cancels the turn, where its client wants that, when the connection is closed before the answer has ended. */
export function cancelOnDisconnect(
  c: Context<AppEnv>,
  deps: Deps,
  {
    sessionId,
    turn,
    wish,
  }: { sessionId: string; turn: Promise<{ turnId: string }>; wish: "continue" | "cancel" },
): void {
  if (wish === "continue") return;
  const { user, log } = c.var;
  const { signal } = c.req.raw;
  const cancel = () =>
    deps.keepAlive(
      turn.then(
        ({ turnId }) =>
          cancelTurn(deps, { user, sessionId, log }, turnId).catch((error: unknown) =>
            log.warn("cancel_failed", { error: error instanceof Error ? error.name : "unknown" }),
          ),
        () => undefined,
      ),
    );
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
}
