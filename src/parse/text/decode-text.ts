import { analyse } from "chardet";

export type DecodedText = { text: string; encodingGuessed: boolean };

/** A guess of the encoding with less confidence (0-100) is ignored. */
const minConfidence = 30;
const fallbackEncoding = "windows-1252";

/** Bytes that the guess is made from. */
const guessedBytes = 65_536;

/** Decodes a text file by its byte order mark, else as UTF-8, else by a guess, else as windows-1252. */
export function decodeText(bytes: Uint8Array): DecodedText {
  const marked = encodingOfMark(bytes);
  if (marked !== undefined) return { text: decode(bytes, marked), encodingGuessed: false };
  const utf8 = decodeStrictly(bytes);
  if (utf8 !== undefined) return { text: utf8, encodingGuessed: false };
  return { text: decode(bytes, guessEncoding(bytes)), encodingGuessed: true };
}

function encodingOfMark(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return undefined;
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return undefined;
  }
}

function guessEncoding(bytes: Uint8Array): string {
  const guesses = analyse(bytes.subarray(0, guessedBytes));
  const known = guesses.find(({ name, confidence }) => confidence >= minConfidence && isKnown(name));
  return known?.name ?? fallbackEncoding;
}

/** Some encodings that are guessed have no decoder in this runtime. */
function isKnown(encoding: string): boolean {
  try {
    return new TextDecoder(encoding).encoding !== "utf-8";
  } catch {
    return false;
  }
}

function decode(bytes: Uint8Array, encoding: string): string {
  return new TextDecoder(encoding).decode(bytes);
}
