import { PantheonError } from "../domain/errors.ts";

/**
 * Reads an `Idempotency-Key` header: 1 to 255 printable ASCII characters, null where there is none.
 * @throws PantheonError `invalid_idempotency_key`.
 */
export function readIdempotencyKey(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (/^[\x20-\x7e]{1,255}$/.test(header)) return header;
  throw new PantheonError("invalid_idempotency_key", "Idempotency-Key: 1 to 255 printable ASCII characters.");
}
