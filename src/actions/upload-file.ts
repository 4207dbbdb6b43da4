import { type FileRow, type FileUsage, type InsertedFile, insertFile } from "../db/files/files.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import { detectFileKind, kindSampleBytes } from "../domain/files/file-kind.ts";
import type { FileLimits } from "../domain/files/file-limits.ts";
import { fileKey } from "../domain/files/file-store.ts";
import { mediaTypeOf } from "../domain/files/media-type.ts";
import type { Log } from "../domain/log.ts";
import type { User } from "../domain/user.ts";

export type Upload = {
  roomId: string;
  name: string;
  /** The length that the stream must have. */
  bytes: number;
  stream: ReadableStream<Uint8Array>;
  idempotencyKey: string | null;
  /** What room and user had stored when the upload was admitted. */
  usage: FileUsage;
  log: Log;
};

/** `replayed`: the room already had the file, and nothing was stored. */
export type UploadedFile = { file: FileRow; replayed: boolean };

/**
 * Stores a file's bytes, then its row, then wakes the parser. The bytes are streamed. A refused upload leaves neither row nor
 * bytes.
 * @throws PantheonError `not_found`, `unsupported_file_type`, `room_storage_full`, `user_storage_full`,
 * `idempotency_key_reused`, `upload_incomplete`, `file_storage_unavailable`.
 */
export async function uploadFile(deps: Deps, user: User, upload: Upload): Promise<UploadedFile> {
  const { fileLimits: limits, fileStore, parseQueue } = deps.files;
  const { roomId, name, bytes } = upload;
  requireSpace(upload, limits);
  const { sample, stream } = await readSample(upload.stream);
  const kind = detectFileKind(sample, name);
  if (kind === undefined) throw unsupportedType();
  const id = deps.newId();
  const key = fileKey(id);
  const sha256 = await storeBytes(deps, key, stream, bytes);
  const dropBytes = () =>
    fileStore.delete(key).catch(() => upload.log.warn("file_bytes_left", { file_id: id }));
  const inserted = await insertFile(
    deps.db,
    {
      id,
      roomId,
      userId: user.userId,
      name,
      mediaType: mediaTypeOf(kind, name),
      bytes,
      sha256,
      idempotencyKey: upload.idempotencyKey,
      createdAt: deps.now(),
    },
    limits,
  ).catch(async (error: unknown) => {
    // Where the database's answer is lost, the row may be there. Bytes without a row are swept by the daily job.
    if (!isAnswerLost(error)) await dropBytes();
    throw error;
  });
  if (inserted.kind !== "inserted") await dropBytes();
  const uploaded = resolveUpload(inserted, limits, { name, sha256 });
  // The row is the job: the job of every minute sends a lost message again.
  await parseQueue.send({ file_id: uploaded.file.id }).catch(() => {
    upload.log.warn("parse_not_queued", { file_id: uploaded.file.id });
  });
  return uploaded;
}

function isAnswerLost(error: unknown): boolean {
  return error instanceof PantheonError && error.code === "database_unavailable";
}

function requireSpace({ usage, bytes }: Upload, limits: FileLimits): void {
  if (usage.roomFiles >= limits.maxRoomFiles || usage.roomBytes + bytes > limits.maxRoomBytes) {
    throw roomFull(limits);
  }
  if (usage.userBytes + bytes > limits.maxUserBytes) throw userFull(limits);
}

function resolveUpload(
  inserted: InsertedFile,
  limits: FileLimits,
  sent: { name: string; sha256: string },
): UploadedFile {
  switch (inserted.kind) {
    case "inserted":
      return { file: inserted.file, replayed: false };
    case "existing": {
      const isSame = inserted.file.sha256 === sent.sha256 && inserted.file.name === sent.name;
      if (inserted.hasSameKey && !isSame) {
        throw new PantheonError("idempotency_key_reused", "This Idempotency-Key was used for another file.");
      }
      return { file: inserted.file, replayed: true };
    }
    case "room_full":
      throw roomFull(limits);
    case "user_full":
      throw userFull(limits);
  }
}

/** The first bytes of a stream, and a stream that begins with them again. */
async function readSample(
  stream: ReadableStream<Uint8Array>,
): Promise<{ sample: Uint8Array; stream: ReadableStream<Uint8Array> }> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isEnd = false;
  while (length < kindSampleBytes && !isEnd) {
    const { done, value } = await readChunk(reader);
    isEnd = done;
    if (value === undefined) continue;
    chunks.push(value);
    length += value.length;
  }
  const sample = joinChunks(chunks, length);
  let isFirst = true;
  const whole = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (isFirst && length > 0) {
        isFirst = false;
        return controller.enqueue(sample);
      }
      const { done, value } = await readChunk(reader);
      if (done) controller.close();
      else if (value !== undefined) controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { sample: sample.subarray(0, kindSampleBytes), stream: whole };
}

/** @throws PantheonError `upload_incomplete` where the client stopped. */
async function readChunk(reader: ReadableStreamDefaultReader<Uint8Array>) {
  return reader.read().catch((error: unknown) => {
    throw incomplete(error);
  });
}

function joinChunks(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

/** Stores the stream and gives its SHA-256 in hex. */
async function storeBytes(
  { files: { fileStore, createHash } }: Deps,
  key: string,
  stream: ReadableStream<Uint8Array>,
  bytes: number,
): Promise<string> {
  const hash = createHash();
  let stored = 0;
  let hasEnded = false;
  const hashed = stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        stored += chunk.length;
        await hash.update(chunk);
        controller.enqueue(chunk);
      },
      flush() {
        hasEnded = true;
      },
    }),
  );
  try {
    await fileStore.put(key, hashed, bytes);
    return await hash.digest();
  } catch (error) {
    await fileStore.delete(key).catch(() => undefined);
    const isIncomplete = hasEnded ? stored !== bytes : error instanceof PantheonError;
    if (isIncomplete || stored > bytes) throw incomplete(error);
    throw new PantheonError(
      "file_storage_unavailable",
      "The file could not be stored. Please retry.",
      {},
      { cause: error },
    );
  }
}

function incomplete(cause: unknown): PantheonError {
  return new PantheonError(
    "upload_incomplete",
    "The upload does not have the length that 'Content-Length' names.",
    {},
    { cause },
  );
}

function unsupportedType(): PantheonError {
  return new PantheonError(
    "unsupported_file_type",
    "Files may be PDF, DOCX, PPTX, XLSX, HTML, CSV, TSV, Markdown, plain text or source code.",
  );
}

function roomFull({ maxRoomBytes, maxRoomFiles }: FileLimits): PantheonError {
  return new PantheonError(
    "room_storage_full",
    `A room may have ${maxRoomFiles} files and ${maxRoomBytes} bytes in all.`,
  );
}

function userFull({ maxUserBytes }: FileLimits): PantheonError {
  return new PantheonError("user_storage_full", `All your files may have ${maxUserBytes} bytes in all.`);
}
