import { detectFileKind, type FileKind, kindSampleBytes } from "../domain/files/file-kind.ts";
import { unpackArchive } from "./archive.ts";
import { ParseError } from "./parse-error.ts";
import { parseLimits } from "./parse-limits.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import { readCsv } from "./readers/csv.ts";
import { readDocx } from "./readers/docx.ts";
import { readHtml } from "./readers/html.ts";
import { readPdf } from "./readers/pdf.ts";
import { readPptx } from "./readers/pptx.ts";
import { readXlsx } from "./readers/xlsx.ts";
import { cleanText } from "./text/clean-text.ts";
import { decodeText } from "./text/decode-text.ts";
import { splitPages } from "./text/split-pages.ts";

type ReadPages = { pages: string[]; pageCount?: number; encodingGuessed?: boolean };

/**
 * The text of a file, page by page, within the limits of `parseLimits`.
 * @param pdfium PDFium, compiled.
 * @throws ParseError where the file cannot be read.
 */
export async function parseDocument(
  bytes: Uint8Array,
  name: string,
  pdfium: WebAssembly.Module,
): Promise<ParsedDocument> {
  const detected = detectFileKind(bytes.subarray(0, kindSampleBytes), name);
  const kind = detected === "zip" ? detectOfficeKind(bytes) : detected;
  if (kind === undefined) throw new ParseError("file_unreadable");
  const { pages, pageCount = pages.length, encodingGuessed = false } = await readPages(kind, bytes, pdfium);
  return { kind, pages: limitPages(pages), pageCount, encodingGuessed };
}

/** The Office format of an archive, by the names of its files. */
function detectOfficeKind(bytes: Uint8Array): FileKind | undefined {
  const marks = {
    "word/document.xml": "docx",
    "ppt/presentation.xml": "pptx",
    "xl/workbook.xml": "xlsx",
  } as const;
  const found: FileKind[] = [];
  unpackArchive(bytes, (name) => {
    if (Object.hasOwn(marks, name)) found.push(marks[name as keyof typeof marks]);
    return false;
  });
  return found[0];
}

async function readPages(kind: FileKind, bytes: Uint8Array, pdfium: WebAssembly.Module): Promise<ReadPages> {
  switch (kind) {
    case "pdf":
      return readPdf(bytes, pdfium);
    case "docx":
      requireArchive(bytes);
      return { pages: split(readDocx(bytes)) };
    case "pptx":
      requireArchive(bytes);
      return { pages: readPptx(bytes).map(cleanText) };
    case "xlsx":
      requireArchive(bytes);
      return { pages: readXlsx(bytes).map(cleanText) };
    case "html":
      return readDecoded(bytes, (text) => split(readHtml(text)));
    case "csv":
      return readDecoded(bytes, (text) => readCsv(text, undefined).map(cleanText));
    case "tsv":
      return readDecoded(bytes, (text) => readCsv(text, "\t").map(cleanText));
    case "markdown":
    case "text":
      return readDecoded(bytes, split);
  }
}

/** An Office file that is no archive is encrypted, or has a format of before 2007. Both are compound files. */
function requireArchive(bytes: Uint8Array): void {
  if (bytes[0] !== compoundFileStart) return;
  throw new ParseError(isEncryptedOffice(bytes) ? "file_encrypted" : "file_unreadable");
}

const compoundFileStart = 0xd0;
/** The entry that holds an encrypted document (MS-OFFCRYPTO, section 2.3.4.4). Its name is UTF-16. */
const encryptedEntry = [..."EncryptedPackage"].join("\u0000");

function isEncryptedOffice(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes).includes(encryptedEntry);
}

function readDecoded(bytes: Uint8Array, read: (text: string) => string[]): ReadPages {
  const { text, encodingGuessed } = decodeText(bytes);
  return { pages: read(text), encodingGuessed };
}

function split(text: string): string[] {
  return splitPages(cleanText(text), parseLimits.pageCharacters);
}

/** Pages up to the limits of their number and characters. A page that is too long is cut. */
function limitPages(pages: readonly string[]): string[] {
  const kept: string[] = [];
  let left: number = parseLimits.maxCharacters;
  for (const page of pages.slice(0, parseLimits.maxPages)) {
    const text = page.slice(0, parseLimits.maxPageCharacters).toWellFormed();
    if (text.length > left) break;
    kept.push(text);
    left -= text.length;
  }
  return kept;
}
