import * as z from "zod";
import { admitUpload } from "../actions/admit-upload.ts";
import { uploadFile } from "../actions/upload-file.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import { headers } from "../http/answer-header-schemas.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { readFileBody } from "../http/file-body.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { json } from "../http/responses.ts";
import * as schemas from "./schemas/file.ts";
import { roomParams } from "./schemas/room.ts";
import { runHeaders } from "./schemas/turn-request.ts";

const upload = defineRoute("post", "/rooms/{room_id}/files", "Upload a file", {
  id: "uploadFile",
  tag: "files",
  description:
    "The body is the file. A form (`multipart/form-data`) with the one part `file` is accepted as well, up to 1 MiB.",
  request: {
    params: roomParams,
    query: schemas.uploadQuery,
    headers: runHeaders,
    body: {
      required: true,
      content: { "application/octet-stream": { schema: z.string().meta({ format: "binary" }) } },
    },
  },
  responses: {
    201: {
      ...json(schemas.file, "The stored file; its text follows when it is parsed"),
      headers: headers("Idempotency-Replayed"),
    },
  },
  problems: [
    "invalid_idempotency_key",
    "length_required",
    "payload_too_large",
    "unsupported_file_type",
    "upload_incomplete",
    "room_storage_full",
    "user_storage_full",
    "idempotency_key_reused",
    "rate_limited",
    "file_storage_unavailable",
  ],
});

/** Must be registered before the limit of JSON bodies: a file has its own limit. */
export function registerFileUploadRoute(app: App, deps: Deps): void {
  app.openapi(upload, async (c) => {
    const idempotencyKey = readIdempotencyKey(c.req.header("Idempotency-Key"));
    const { room_id: roomId } = c.req.valid("param");
    const usage = await admitUpload(deps, c.var.user, roomId, c.var.log);
    const body = await readFileBody(c.req.raw, deps.files.fileLimits.maxFileBytes);
    const { file, replayed } = await uploadFile(deps, c.var.user, {
      roomId,
      name: readName(c.req.valid("query").name ?? body.name),
      bytes: body.bytes,
      stream: body.stream,
      idempotencyKey,
      usage,
      log: c.var.log,
    });
    if (replayed) c.header("Idempotency-Replayed", "true");
    return c.json(schemas.toFile(file), 201);
  });
}

function readName(name: string | undefined): string {
  const read = schemas.fileName.safeParse(name);
  if (read.success) return read.data;
  const message = name === undefined ? "is missing" : (read.error.issues[0]?.message ?? "is not usable");
  throw new PantheonError("validation_failed", "The file needs a name: POST …/files?name=report.pdf", {
    members: { errors: [{ path: "name", message }], error_count: 1 },
  });
}
