/** The kinds of files that agents can read. */
const fileKinds = ["pdf", "docx", "pptx", "xlsx", "html", "csv", "tsv", "markdown", "text"] as const;

export type FileKind = (typeof fileKinds)[number];

/** Bytes of a file's beginning that decide its kind. */
export const kindSampleBytes = 65_536;

const pdfMark = [0x25, 0x50, 0x44, 0x46, 0x2d];
const zipMark = [0x50, 0x4b, 0x03, 0x04];
const emptyZipMark = [0x50, 0x4b, 0x05, 0x06];
/** The container of Office files that are encrypted, and of Office formats before 2007. */
const compoundFileMark = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

const officeKinds: readonly FileKind[] = ["docx", "pptx", "xlsx"];

const kindsByEnding: Readonly<Record<string, FileKind>> = {
  docx: "docx",
  pptx: "pptx",
  xlsx: "xlsx",
  html: "html",
  htm: "html",
  xhtml: "html",
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
  md: "markdown",
  markdown: "markdown",
};

/**
 * The kind of a file by its first bytes. The ending of the name decides between the kinds of text files. `zip` is any ZIP
 * archive: only its contents show its format.
 * @param sample The first 64 KiB of the file, or all of it where it is shorter.
 * @returns undefined where agents cannot read such a file.
 */
export function detectFileKind(sample: Uint8Array, name: string): FileKind | "zip" | undefined {
  const ending = kindOfEnding(name);
  if (isPdf(sample)) return "pdf";
  if (startsWith(sample, zipMark) || startsWith(sample, emptyZipMark)) return "zip";
  if (startsWith(sample, compoundFileMark)) {
    return ending !== undefined && officeKinds.includes(ending) ? ending : undefined;
  }
  if (!isText(sample)) return undefined;
  return ending === undefined || officeKinds.includes(ending) ? "text" : ending;
}

function kindOfEnding(name: string): FileKind | undefined {
  const ending = /\.([a-z0-9]{1,16})$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(kindsByEnding, ending) ? kindsByEnding[ending] : undefined;
}

/** Readers of PDF accept up to 1,024 bytes before its mark. */
const maxBytesBeforePdf = 1_024;

function isPdf(sample: Uint8Array): boolean {
  const last = Math.min(maxBytesBeforePdf, sample.length - pdfMark.length);
  for (let start = 0; start <= last; start += 1) if (startsWith(sample, pdfMark, start)) return true;
  return false;
}

function startsWith(bytes: Uint8Array, mark: readonly number[], start = 0): boolean {
  return mark.every((byte, index) => bytes[start + index] === byte);
}

/** Tab, line feed, vertical tab, form feed, carriage return; escape begins the switches of ISO-2022. */
const controlsOfText = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b]);

/** Text has no control characters except those of layout. UTF-16 is recognised by its byte order mark. */
function isText(sample: Uint8Array): boolean {
  if (startsWith(sample, [0xff, 0xfe])) return isUtf16Text(sample, 1);
  if (startsWith(sample, [0xfe, 0xff])) return isUtf16Text(sample, 0);
  return sample.every(isTextCode);
}

function isUtf16Text(sample: Uint8Array, highByte: 0 | 1): boolean {
  if (sample.length % 2 !== 0) return false;
  for (let at = 0; at < sample.length; at += 2) {
    if (sample[at + highByte] === 0 && !isTextCode(sample[at + 1 - highByte] ?? 0)) return false;
  }
  return true;
}

function isTextCode(code: number): boolean {
  return code >= 0x20 || controlsOfText.has(code);
}
