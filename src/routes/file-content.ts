import * as z from "zod";
import { readFileContent } from "../actions/read-file-content.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { attachment } from "../http/content-disposition.ts";
import { defineRoute } from "../http/define-route.ts";
import { fileParams } from "./schemas/file.ts";

const bytes = { "application/octet-stream": { schema: z.string().meta({ format: "binary" }) } };

const content = defineRoute("get", "/files/{file_id}/content", "Download the original", {
  id: "downloadFile",
  tag: "files",
  description: "Whole, or the one range that the header `Range` names.",
  request: { params: fileParams },
  responses: {
    200: { description: "All bytes", content: bytes },
    206: { description: "The bytes of the requested range", content: bytes },
  },
  problems: ["range_not_satisfiable", "file_storage_unavailable"],
});

export function registerFileContentRoute(app: App, deps: Deps): void {
  app.openapi(content, async (c) => {
    const { file_id } = c.req.valid("param");
    const { file, range, stream } = await readFileContent(deps, c.var.user, file_id, c.req.header("Range"));
    const { offset, length } = range ?? { offset: 0, length: file.bytes };
    return c.body(stream, range === null ? 200 : 206, {
      ...downloadHeaders,
      "Content-Disposition": attachment(file.name),
      "Content-Length": String(length),
      ...(range === null ? {} : { "Content-Range": `bytes ${offset}-${offset + length - 1}/${file.bytes}` }),
    });
  });
}

/** A browser must never show or run an uploaded file. */
const downloadHeaders = {
  "Content-Type": "application/octet-stream",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "sandbox; default-src 'none'",
  "Accept-Ranges": "bytes",
};
