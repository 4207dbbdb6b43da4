import { addAgent } from "../actions/add-agent.ts";
import { changeAgent } from "../actions/change-agent.ts";
import { deleteAgent, updateAgentOrder } from "../db/rooms/agent-roster.ts";
import { loadAgent, loadAgents } from "../db/rooms/room-agents.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json, jsonBody } from "../http/responses.ts";
import { pageQuery } from "../http/schemas.ts";
import * as schemas from "./schemas/agent.ts";
import { toPage } from "./schemas/page.ts";
import { roomOf } from "./schemas/room.ts";

const tag = "agents";
const roster = "/rooms/{room_id}/agents";
const path = "/rooms/{room_id}/agents/{agent_key}";
const params = schemas.agentParams;
const agentAnswer = { 200: json(schemas.agent, "The agent") };
const done = { 204: { description: "The agent has left the room; its messages stay" } };

const routes = {
  add: defineRoute("post", roster, "Add an agent to a room", {
    id: "addAgent",
    tag,
    description: "It comes at the position it names, or last; the others move.",
    request: { params: schemas.rosterParams, body: jsonBody(schemas.newAgent) },
    responses: { 201: json(schemas.agent, "The agent") },
    problems: ["agent_key_taken", "agent_name_taken", "room_full", "unknown_model", "unknown_tool"],
  }),
  list: defineRoute("get", roster, "List the agents of a room by position", {
    id: "listAgents",
    tag,
    description: "A room has 12 agents at most.",
    request: { params: schemas.rosterParams, query: pageQuery },
    responses: { 200: json(schemas.agentPage, "A page of agents") },
  }),
  order: defineRoute("put", "/rooms/{room_id}/agents/order", "Put the whole roster into a new order", {
    id: "reorderAgents",
    tag,
    description: "Names every agent of the room once. A running turn keeps its order.",
    request: { params: schemas.rosterParams, body: jsonBody(schemas.agentOrder) },
    responses: { 200: json(schemas.agentPage, "All agents of the room, by position") },
    problems: ["agent_order_mismatch"],
  }),
  read: defineRoute("get", path, "Read an agent", {
    id: "getAgent",
    tag,
    description: "By its key, in any case of letters.",
    request: { params },
    responses: agentAnswer,
  }),
  change: defineRoute("patch", path, "Change an agent", {
    id: "updateAgent",
    tag,
    description: "What is left out keeps its value; `model_settings` are replaced as a whole.",
    request: { params, body: jsonBody(schemas.agentChange) },
    responses: agentAnswer,
    problems: ["agent_name_taken", "unknown_model", "unknown_tool"],
  }),
  remove: defineRoute("delete", path, "Remove an agent", {
    id: "removeAgent",
    tag,
    description: "Its messages stay, and later agents move up.",
    request: { params },
    responses: done,
  }),
};

export function registerAgentRoutes(app: App, deps: Deps): void {
  const { db, now } = deps;
  app.openapi(routes.add, async (c) => {
    const { room_id } = c.req.valid("param");
    const agent = schemas.toNewAgent(c.req.valid("json"));
    return c.json(schemas.toAgent(await addAgent(deps, c.var.user, room_id, agent)), 201);
  });
  app.openapi(routes.list, async (c) => {
    const page = await loadAgents(db, roomOf(c.var.user, c.req.valid("param")), c.req.valid("query"));
    return c.json(toPage(page, schemas.toAgent), 200);
  });
  app.openapi(routes.order, async (c) => {
    const { agent_keys } = c.req.valid("json");
    const rows = await updateAgentOrder(db, roomOf(c.var.user, c.req.valid("param")), agent_keys, now());
    return c.json(toPage({ rows, hasMore: false }, schemas.toAgent), 200);
  });
  app.openapi(routes.read, async (c) => {
    const params = c.req.valid("param");
    return c.json(schemas.toAgent(await loadAgent(db, roomOf(c.var.user, params), params.agent_key)), 200);
  });
  app.openapi(routes.change, async (c) => {
    const { room_id: roomId, agent_key: agentKey } = c.req.valid("param");
    const change = schemas.toAgentChange(c.req.valid("json"));
    return c.json(schemas.toAgent(await changeAgent(deps, c.var.user, { roomId, agentKey }, change)), 200);
  });
  app.openapi(routes.remove, async (c) => {
    const params = c.req.valid("param");
    await deleteAgent(db, roomOf(c.var.user, params), params.agent_key, now());
    return c.body(null, 204);
  });
}
