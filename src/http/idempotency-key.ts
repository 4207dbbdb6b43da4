import { PantheonError } from "../domain/errors.ts";

/**
 * Reads an `Idempotency-Key` header: 1 to 255 printable ASCII characters, null where there is none.
 * @throws PantheonError `invalid_idempotency_key`.
 */
export function readIdempotencyKey(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (/^[\x20-\x7e]{1,255}$/.test(header)) return header;
  throw invalidKey();
}

/** The same, where the header must be there. @throws PantheonError `invalid_idempotency_key`. */
export function readRequiredKey(header: string | undefined): string {
  const key = readIdempotencyKey(header);
  if (key === null) throw invalidKey();
  return key;
}

function invalidKey(): PantheonError {
  const detail = "Idempotency-Key: 1 to 255 printable ASCII characters.";
  return new PantheonError("invalid_idempotency_key", detail);
}
