import { type FileRow, loadFile } from "../db/files/files.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import { readByteRange } from "../domain/files/byte-range.ts";
import { type ByteRange, fileKey } from "../domain/files/file-store.ts";
import type { User } from "../domain/user.ts";

/** `range` is null where the whole file is given. */
export type FileContent = { file: FileRow; range: ByteRange | null; stream: ReadableStream<Uint8Array> };

/**
 * The original bytes of a file, or the range that a `Range` header asks for.
 * @throws PantheonError `not_found`, `range_not_satisfiable`, `file_storage_unavailable`.
 */
export async function readFileContent(
  deps: Deps,
  user: User,
  fileId: string,
  rangeHeader: string | undefined,
): Promise<FileContent> {
  const file = await loadFile(deps.db, user.userId, fileId);
  const range = readByteRange(rangeHeader, file.bytes);
  if (range === "unsatisfiable") {
    throw new PantheonError("range_not_satisfiable", `The file has ${file.bytes} bytes.`, {
      headers: { "Content-Range": `bytes */${file.bytes}` },
    });
  }
  const stream = await deps.files.fileStore
    .get(fileKey(fileId), range ?? undefined)
    .catch((error: unknown) => {
      throw unavailable(error);
    });
  if (stream === undefined) throw unavailable(new Error("no object under the file's key"));
  return { file, range, stream };
}

function unavailable(cause: unknown): PantheonError {
  return new PantheonError(
    "file_storage_unavailable",
    "The file cannot be read. Please retry.",
    {},
    { cause },
  );
}
