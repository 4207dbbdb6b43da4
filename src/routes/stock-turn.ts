import type { Context } from "hono";
import type * as z from "zod";
import type { Deps } from "../deps.ts";
import type { AppEnv } from "../http/app-env.ts";
import { postTurn } from "../turn/post.ts";
import type { RunHandle } from "../turn/run.ts";
import { cancelOnDisconnect } from "./on-disconnect.ts";
import type { stockQuery } from "./schemas/stock-query.ts";

/** Stock clients send their whole conversation. Only its last user message is read as the turn's. */
export const stockBodyBytes = 4 * 1024 * 1024;

export type StockChoices = z.output<ReturnType<typeof stockQuery>>;

type StockTurn = { sessionId: string; message: string; idempotencyKey: string };

/** Posts the turn of a stock client, whose key is made from its request. */
export function postStockTurn(
  c: Context<AppEnv>,
  deps: Deps,
  { sessionId, message, idempotencyKey }: StockTurn,
  { when_busy: whenBusy, on_disconnect: action }: StockChoices,
): Promise<RunHandle> {
  const { user, requestId, log } = c.var;
  const request = { user, sessionId, requestId, log, request: { message }, idempotencyKey };
  const turn = postTurn(deps, request, whenBusy);
  cancelOnDisconnect(c, deps, { sessionId, turn, action });
  return turn;
}
