import { listFilePages } from "../actions/list-file-pages.ts";
import { parseFileAgain } from "../actions/parse-file-again.ts";
import { loadFile, loadFiles, softDeleteFile } from "../db/files/files.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { pageOf, pageQuery } from "../http/schemas.ts";
import * as schemas from "./schemas/file.ts";
import { toPage } from "./schemas/page.ts";
import { roomOf, roomParams } from "./schemas/room.ts";

const tag = "files";
const params = schemas.fileParams;

const routes = {
  list: defineRoute("get", "/rooms/{room_id}/files", "List the files of a room, newest first", {
    id: "listFiles",
    tag,
    description: "With the state of their parsing.",
    request: { params: roomParams, query: pageQuery },
    responses: { 200: json(pageOf(schemas.file), "A page of files") },
  }),
  read: defineRoute("get", "/files/{file_id}", "Read what is known of a file", {
    id: "getFile",
    tag,
    description: "`status` says how far the parsing is.",
    request: { params },
    responses: { 200: json(schemas.file, "The file") },
  }),
  pages: defineRoute("get", "/files/{file_id}/pages", "Read the text that agents see", {
    id: "listFilePages",
    tag,
    description: "Page by page, as many as one answer holds.",
    request: { params, query: schemas.pagesQuery },
    responses: { 200: json(schemas.filePages, "Pages in order, as many as one answer holds") },
  }),
  remove: defineRoute("delete", "/files/{file_id}", "Delete a file", {
    id: "deleteFile",
    tag,
    description: "Agents cannot read it any more.",
    request: { params },
    responses: {
      204: { description: "No read finds the file from now on; its bytes and text are deleted later" },
    },
  }),
  parse: defineRoute("post", "/files/{file_id}/parse", "Parse a file again whose parsing failed", {
    id: "parseFile",
    tag,
    description: "For a file of status `failed`; any other answers as it is.",
    request: { params },
    responses: { 202: json(schemas.file, "The file as it is now") },
  }),
};

export function registerFileRoutes(app: App, deps: Deps): void {
  const { db, now } = deps;
  app.openapi(routes.list, async (c) => {
    const page = await loadFiles(db, roomOf(c.var.user, c.req.valid("param")), c.req.valid("query"));
    return c.json(toPage(page, schemas.toFile), 200);
  });
  app.openapi(routes.read, async (c) =>
    c.json(schemas.toFile(await loadFile(db, c.var.user.userId, c.req.valid("param").file_id)), 200),
  );
  app.openapi(routes.pages, async (c) => {
    const { file_id } = c.req.valid("param");
    const { pages, hasMore } = await listFilePages(deps, c.var.user, file_id, c.req.valid("query"));
    return c.json({ data: pages.map(schemas.toFilePage), has_more: hasMore }, 200);
  });
  app.openapi(routes.remove, async (c) => {
    await softDeleteFile(db, c.var.user.userId, c.req.valid("param").file_id, now());
    return c.body(null, 204);
  });
  app.openapi(routes.parse, async (c) => {
    const { file_id } = c.req.valid("param");
    return c.json(schemas.toFile(await parseFileAgain(deps, c.var.user, file_id, c.var.log)), 202);
  });
}
