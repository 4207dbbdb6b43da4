import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { listTurns } from "../actions/list-turns.ts";
import { postTurn } from "../actions/post-turn.ts";
import { readTurn } from "../actions/read-turn.ts";
import type { App } from "../app.ts";
import type { Deps } from "../deps.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { json, jsonBody, problems } from "../http/responses.ts";
import { id, pageOf, pageQuery } from "../http/schemas.ts";
import { formatServerTiming } from "../http/server-timing.ts";
import { toPage } from "./schemas/page.ts";
import { newTurn, runningTurn, toRunningTurn, toTurnRead, turnParams, turnRead } from "./schemas/turn.ts";
import { toTurnDetail, turnDetail } from "./schemas/turn-detail.ts";

const tags = ["turns"];
const inSession = { params: z.object({ session_id: id }) };

const routes = {
  post: createRoute({
    method: "post",
    path: "/sessions/{session_id}/turns",
    tags,
    summary: "Run a turn",
    request: { ...inSession, body: jsonBody(newTurn) },
    responses: {
      201: json(turnRead, "The stored turn, whether its agents answered or not"),
      ...problems("malformed_json", "invalid_idempotency_key", "unauthorized", "not_found", "turn_conflict"),
      ...problems("turn_in_progress", "payload_too_large", "validation_failed", "commit_failed"),
    },
  }),
  list: createRoute({
    method: "get",
    path: "/sessions/{session_id}/turns",
    tags,
    summary: "List the stored turns of a session, first turn first",
    request: { ...inSession, query: pageQuery },
    responses: {
      200: json(pageOf(turnRead), "A page of turns"),
      ...problems("unauthorized", "not_found", "invalid_cursor"),
    },
  }),
  read: createRoute({
    method: "get",
    path: "/sessions/{session_id}/turns/{turn_id}",
    tags,
    summary: "Read a turn with its usage, calls and audit, or that it is still running",
    request: { params: turnParams },
    responses: {
      200: json(z.union([turnDetail, runningTurn]), "The turn"),
      ...problems("unauthorized", "not_found"),
    },
  }),
};

export function registerTurnRoutes(app: App, deps: Deps): void {
  app.openapi(routes.post, async (c) => {
    const { message, model_alias_override: modelAliasOverride } = c.req.valid("json");
    const work = postTurn(deps, {
      user: c.var.user,
      sessionId: c.req.valid("param").session_id,
      request: { message, ...(modelAliasOverride === undefined ? {} : { modelAliasOverride }) },
      idempotencyKey: readIdempotencyKey(c.req.header("Idempotency-Key")),
      log: c.var.log,
    });
    deps.keepAlive(work.catch(() => undefined));
    const { stored, timings, replayed } = await work;
    c.header("Server-Timing", formatServerTiming(timings));
    if (replayed) c.header("Idempotency-Replayed", "true");
    return c.json(toTurnRead(stored), 201);
  });
  app.openapi(routes.list, async (c) => {
    const page = await listTurns(deps, c.var.user, c.req.valid("param").session_id, c.req.valid("query"));
    return c.json(
      toPage(page, toTurnRead, ({ turn }) => turn.id),
      200,
    );
  });
  app.openapi(routes.read, async (c) => {
    const { session_id, turn_id } = c.req.valid("param");
    const found = await readTurn(deps, c.var.user, session_id, turn_id);
    return c.json(found.kind === "stored" ? toTurnDetail(found.stored) : toRunningTurn(found.running), 200);
  });
}
