import { PantheonError } from "../domain/errors.ts";
import { maxFileBytesOfForm } from "../domain/files/file-limits.ts";

/** An uploaded file; `bytes` is the length that the stream must have. */
export type FileBody = { name: string | undefined; bytes: number; stream: ReadableStream<Uint8Array> };

/**
 * Reads an upload: the body is the file, or a form with the one part `file`.
 * @throws PantheonError `length_required`, `payload_too_large`, `validation_failed`.
 */
export async function readFileBody(request: Request, maxFileBytes: number): Promise<FileBody> {
  const bytes = readLength(request.headers.get("Content-Length"));
  const isForm = /^multipart\/form-data\b/i.test(request.headers.get("Content-Type") ?? "");
  if (isForm) return readForm(request, bytes, Math.min(maxFileBytes, maxFileBytesOfForm));
  if (bytes > maxFileBytes) throw tooLarge(`A file may have ${maxFileBytes} bytes at most.`);
  return { name: undefined, bytes, stream: request.body ?? new Blob([]).stream() };
}

function readLength(header: string | null): number {
  if (header === null || !/^\d{1,15}$/.test(header)) {
    throw new PantheonError("length_required", "Send 'Content-Length' with the number of bytes.");
  }
  return Number(header);
}

/** Bytes of a form beside the file. */
const formFrameBytes = 16_384;

/** A form is read into memory, so its file has a smaller limit. */
async function readForm(request: Request, bytes: number, maxBytes: number): Promise<FileBody> {
  if (bytes > maxBytes + formFrameBytes) throw formTooLarge(maxBytes);
  const form = await request.formData().catch((error: unknown) => {
    throw invalidForm("The form cannot be read.", error);
  });
  const parts = [...form.entries()];
  const [, file] = parts.find(([name]) => name === "file") ?? [];
  if (parts.length !== 1 || !(file instanceof File)) {
    throw invalidForm("A form must have one part, the file, named 'file'.");
  }
  if (file.size > maxBytes) throw formTooLarge(maxBytes);
  return { name: file.name, bytes: file.size, stream: file.stream() };
}

function invalidForm(message: string, cause?: unknown): PantheonError {
  const members = { errors: [{ path: "file", message }], error_count: 1 };
  return new PantheonError("validation_failed", message, { members }, { cause });
}

function formTooLarge(maxBytes: number): PantheonError {
  return tooLarge(
    `A file in a form may have ${maxBytes} bytes at most. Send larger files as the body itself: POST …/files?name=report.pdf`,
  );
}

function tooLarge(detail: string): PantheonError {
  return new PantheonError("payload_too_large", detail);
}
