import { listFilePages } from "../actions/list-file-pages.ts";
import { listFiles } from "../actions/list-files.ts";
import { parseFileAgain } from "../actions/parse-file-again.ts";
import { readFile } from "../actions/read-file.ts";
import { removeFile } from "../actions/remove-file.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { pageOf, pageQuery } from "../http/schemas.ts";
import * as schemas from "./schemas/file.ts";
import { toPage } from "./schemas/page.ts";
import { roomParams } from "./schemas/room.ts";

const tag = "files";
const params = schemas.fileParams;

const routes = {
  list: defineRoute("get", "/rooms/{room_id}/files", "List the files of a room, newest first", {
    tag,
    request: { params: roomParams, query: pageQuery },
    responses: { 200: json(pageOf(schemas.file), "A page of files") },
  }),
  read: defineRoute("get", "/files/{file_id}", "Read what is known of a file", {
    tag,
    request: { params },
    responses: { 200: json(schemas.file, "The file") },
  }),
  pages: defineRoute("get", "/files/{file_id}/pages", "Read the text that agents see", {
    tag,
    request: { params, query: schemas.pagesQuery },
    responses: { 200: json(schemas.filePages, "Pages in order, as many as one answer holds") },
  }),
  remove: defineRoute("delete", "/files/{file_id}", "Delete a file", {
    tag,
    request: { params },
    responses: { 204: { description: "Gone from every read" } },
  }),
  parse: defineRoute("post", "/files/{file_id}/parse", "Parse a file again whose parsing failed", {
    tag,
    request: { params },
    responses: { 202: json(schemas.file, "The file as it stands") },
  }),
};

export function registerFileRoutes(app: App, deps: Deps): void {
  app.openapi(routes.list, async (c) => {
    const { room_id } = c.req.valid("param");
    return c.json(
      toPage(await listFiles(deps, c.var.user, room_id, c.req.valid("query")), schemas.toFile),
      200,
    );
  });
  app.openapi(routes.read, async (c) =>
    c.json(schemas.toFile(await readFile(deps, c.var.user, c.req.valid("param").file_id)), 200),
  );
  app.openapi(routes.pages, async (c) => {
    const { file_id } = c.req.valid("param");
    const { pages, hasMore } = await listFilePages(deps, c.var.user, file_id, c.req.valid("query"));
    return c.json({ data: pages.map(schemas.toFilePage), has_more: hasMore }, 200);
  });
  app.openapi(routes.remove, async (c) => {
    await removeFile(deps, c.var.user, c.req.valid("param").file_id);
    return c.body(null, 204);
  });
  app.openapi(routes.parse, async (c) => {
    const { file_id } = c.req.valid("param");
    return c.json(schemas.toFile(await parseFileAgain(deps, c.var.user, file_id, c.var.log)), 202);
  });
}
