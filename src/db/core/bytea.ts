import { customType } from "drizzle-orm/pg-core";

/** A column of bytes. They are sent as Postgres' hex text, `\\x…`, since Neon's endpoint takes and gives JSON. */
export const bytea = customType<{ data: Uint8Array; driverData: string | Uint8Array }>({
  dataType: () => "bytea",
  toDriver: (bytes) => `\\x${toHex(bytes)}`,
  fromDriver: (value) => (typeof value === "string" ? fromHex(value.slice(2)) : value),
});

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Two lower-case digits per byte. */
function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += hexOfByte[byte];
  return hex;
}

/** @param hex lower-case digits, two per byte, as Postgres' `encode(…, 'hex')` gives them. */
export function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = 16 * digit(hex, 2 * index) + digit(hex, 2 * index + 1);
  }
  return bytes;
}

function digit(hex: string, index: number): number {
  const code = hex.charCodeAt(index);
  return code < 58 ? code - 48 : code - 87;
}
