import { createRoom } from "../actions/create-room.ts";
import { loadRoom, loadRooms, softDeleteRoom, updatePendingMode, updateRoom } from "../db/rooms/rooms.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json, jsonBody } from "../http/responses.ts";
import { pageOf, usePageQuery } from "../http/schemas.ts";
import { toPage } from "./schemas/page.ts";
import { modeSwitch, newRoom, room, roomChange, roomParams, toRoom } from "./schemas/room.ts";
import { toNewRoom, toRoomChange } from "./schemas/room-request.ts";

const tag = "rooms";
const params = roomParams;
const roomAnswer = { 200: json(room, "The room") };

const routes = {
  create: defineRoute("post", "/rooms", "Create a room", {
    id: "createRoom",
    tag,
    description: "A new room has no agents.",
    problems: ["too_many_rooms"],
    request: { body: jsonBody(newRoom) },
    responses: { 201: json(room, "The room") },
  }),
  list: defineRoute("get", "/rooms", "List your active rooms", {
    id: "listRooms",
    tag,
    description: "Rooms that are not deleted, oldest first or the last used first.",
    request: { query: usePageQuery },
    responses: { 200: json(pageOf(room), "A page of rooms") },
  }),
  read: defineRoute("get", "/rooms/{room_id}", "Read a room", {
    id: "getRoom",
    tag,
    description: "Its agents, sessions and files are lists of their own.",
    request: { params },
    responses: roomAnswer,
  }),
  change: defineRoute("patch", "/rooms/{room_id}", "Change a room's name, goal or orchestration", {
    id: "updateRoom",
    tag,
    description: "What is left out keeps its value. A running turn keeps what it started with.",
    request: { params, body: jsonBody(roomChange) },
    responses: roomAnswer,
  }),
  remove: defineRoute("delete", "/rooms/{room_id}", "Delete a room and all in it", {
    id: "deleteRoom",
    tag,
    description: "The room, its agents, sessions and files disappear from every read at once.",
    request: { params },
    responses: { 204: { description: "No read finds the room from now on" } },
  }),
  switchMode: defineRoute("patch", "/rooms/{room_id}/mode", "Set the mode of the room's next turn", {
    id: "setRoomMode",
    tag,
    description: "It is pending until the next turn. The current mode takes a pending one back.",
    request: { params, body: jsonBody(modeSwitch) },
    responses: roomAnswer,
  }),
};

export function registerRoomRoutes(app: App, deps: Deps): void {
  const { db, now } = deps;
  app.openapi(routes.create, async (c) => {
    const requested = toNewRoom(c.req.valid("json"));
    return c.json(toRoom(await createRoom(deps, c.var.user, requested)), 201);
  });
  app.openapi(routes.list, async (c) => {
    const page = await loadRooms(db, c.var.user, c.req.valid("query"), now());
    return c.json(toPage(page, toRoom), 200);
  });
  app.openapi(routes.read, async (c) => {
    const { room_id } = c.req.valid("param");
    return c.json(toRoom(await loadRoom(db, c.var.user.userId, room_id)), 200);
  });
  app.openapi(routes.change, async (c) => {
    const { room_id } = c.req.valid("param");
    const change = toRoomChange(c.req.valid("json"));
    return c.json(toRoom(await updateRoom(db, c.var.user.userId, room_id, change, now())), 200);
  });
  app.openapi(routes.remove, async (c) => {
    await softDeleteRoom(db, c.var.user.userId, c.req.valid("param").room_id, now());
    return c.body(null, 204);
  });
  app.openapi(routes.switchMode, async (c) => {
    const { room_id } = c.req.valid("param");
    const { mode } = c.req.valid("json");
    return c.json(toRoom(await updatePendingMode(db, c.var.user.userId, room_id, mode, now())), 200);
  });
}
