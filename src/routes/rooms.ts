import { createRoute } from "@hono/zod-openapi";
import { changeRoom } from "../actions/change-room.ts";
import { createRoom } from "../actions/create-room.ts";
import { deleteRoom } from "../actions/delete-room.ts";
import { listRooms } from "../actions/list-rooms.ts";
import { readRoom } from "../actions/read-room.ts";
import { switchMode } from "../actions/switch-mode.ts";
import type { App } from "../app.ts";
import type { Deps } from "../deps.ts";
import { json, jsonBody, problems } from "../http/responses.ts";
import { pageOf, pageQuery } from "../http/schemas.ts";
import { toPage } from "./schemas/page.ts";
import { modeSwitch, newRoom, room, roomChange, roomParams, toRoom } from "./schemas/room.ts";

const tags = ["rooms"];
const oneRoom = { params: roomParams };
const bodyProblems = problems("malformed_json", "unauthorized", "payload_too_large", "validation_failed");

const routes = {
  create: createRoute({
    method: "post",
    path: "/rooms",
    tags,
    summary: "Create a room",
    request: { body: jsonBody(newRoom) },
    responses: { 201: json(room, "The room"), ...bodyProblems },
  }),
  list: createRoute({
    method: "get",
    path: "/rooms",
    tags,
    summary: "List your active rooms, oldest first",
    request: { query: pageQuery },
    responses: {
      200: json(pageOf(room), "A page of rooms"),
      ...problems("unauthorized", "validation_failed", "invalid_cursor"),
    },
  }),
  read: createRoute({
    method: "get",
    path: "/rooms/{room_id}",
    tags,
    summary: "Read a room",
    request: oneRoom,
    responses: { 200: json(room, "The room"), ...problems("unauthorized", "not_found") },
  }),
  change: createRoute({
    method: "patch",
    path: "/rooms/{room_id}",
    tags,
    summary: "Change a room's name or goal",
    request: { ...oneRoom, body: jsonBody(roomChange) },
    responses: { 200: json(room, "The room"), ...bodyProblems, ...problems("not_found") },
  }),
  remove: createRoute({
    method: "delete",
    path: "/rooms/{room_id}",
    tags,
    summary: "Delete a room",
    request: oneRoom,
    responses: { 204: { description: "Gone from every read" }, ...problems("unauthorized", "not_found") },
  }),
  switchMode: createRoute({
    method: "patch",
    path: "/rooms/{room_id}/mode",
    tags,
    summary: "Set the mode of the room's next turn",
    request: { ...oneRoom, body: jsonBody(modeSwitch) },
    responses: { 200: json(room, "The room"), ...bodyProblems, ...problems("not_found") },
  }),
};

export function registerRoomRoutes(app: App, deps: Deps): void {
  app.openapi(routes.create, async (c) =>
    c.json(toRoom(await createRoom(deps, c.var.user, c.req.valid("json"))), 201),
  );
  app.openapi(routes.list, async (c) =>
    c.json(
      toPage(await listRooms(deps, c.var.user, c.req.valid("query")), toRoom, (row) => row.id),
      200,
    ),
  );
  app.openapi(routes.read, async (c) =>
    c.json(toRoom(await readRoom(deps, c.var.user, c.req.valid("param").room_id)), 200),
  );
  app.openapi(routes.change, async (c) =>
    c.json(
      toRoom(await changeRoom(deps, c.var.user, c.req.valid("param").room_id, c.req.valid("json"))),
      200,
    ),
  );
  app.openapi(routes.remove, async (c) => {
    await deleteRoom(deps, c.var.user, c.req.valid("param").room_id);
    return c.body(null, 204);
  });
  app.openapi(routes.switchMode, async (c) =>
    c.json(
      toRoom(await switchMode(deps, c.var.user, c.req.valid("param").room_id, c.req.valid("json").mode)),
      200,
    ),
  );
}
