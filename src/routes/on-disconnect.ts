import type { Context } from "hono";
import type { Deps } from "../deps.ts";
import { nameOfError } from "../domain/error-name.ts";
import type { AppEnv } from "../http/app-env.ts";
import { cancelTurn } from "../turn/cancel.ts";

type DisconnectAction = "continue" | "cancel";

/** Cancels the turn, where `action` says so, when the connection is closed before the answer has ended. */
export function cancelOnDisconnect(
  c: Context<AppEnv>,
  deps: Deps,
  {
    sessionId,
    turn,
    action,
  }: { sessionId: string; turn: Promise<{ turnId: string }>; action: DisconnectAction },
): void {
  if (action === "continue") return;
  const { user, log } = c.var;
  const { signal } = c.req.raw;
  const cancel = () =>
    deps.keepAlive(
      turn.then(
        ({ turnId }) =>
          cancelTurn(deps, { user, sessionId, log }, turnId).catch((error: unknown) =>
            log.warn("cancel_failed", { error: nameOfError(error) }),
          ),
        () => undefined,
      ),
    );
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
}
