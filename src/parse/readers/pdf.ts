import { init, type WrappedPdfiumModule } from "@embedpdf/pdfium";
import { ParseError } from "../parse-error.ts";
import { parseLimits } from "../parse-limits.ts";
import { cleanText } from "../text/clean-text.ts";
import { toLogicalOrder } from "../text/logical-order.ts";

/** Values of `FPDF_GetLastError`, from PDFium's fpdfview.h. */
const pdfiumErrors = { password: 4, security: 5 };

export type PdfText = { pages: string[]; pageCount: number };

/**
 * The text of a PDF, page by page. Each document has its own instance of PDFium, whose memory never shrinks.
 * @throws ParseError `file_encrypted`, `file_unreadable`; `file_too_complex` where it needs too much memory.
 */
export async function readPdf(bytes: Uint8Array, module: WebAssembly.Module): Promise<PdfText> {
  const memory = { isExhausted: false };
  try {
    const pdfium = await startPdfium(module, memory);
    return readPages(pdfium, bytes);
  } catch (error) {
    if (error instanceof ParseError) throw error;
    throw new ParseError(memory.isExhausted ? "file_too_complex" : "file_unreadable", { cause: error });
  }
}

async function startPdfium(
  module: WebAssembly.Module,
  memory: { isExhausted: boolean },
): Promise<WrappedPdfiumModule> {
  const pdfium = await init({
    instantiateWasm(imports: WebAssembly.Imports, onSuccess: (instance: WebAssembly.Instance) => void) {
      const instance = new WebAssembly.Instance(module, capMemory(imports, memory));
      onSuccess(instance);
      return instance.exports;
    },
    print: () => undefined,
    printErr: () => undefined,
  });
  pdfium.PDFiumExt_Init();
  return pdfium;
}

/** Members that Emscripten adds to the module. The published types lack them. */
type EmscriptenRuntime = {
  HEAPU8: Uint8Array;
  UTF16ToString(pointer: number, maxBytes: number): string;
  wasmExports: { malloc(bytes: number): number; free(pointer: number): void };
};

/** Sound: Emscripten makes PDFium's module. */
function runtimeOf({ pdfium }: WrappedPdfiumModule): EmscriptenRuntime {
  return pdfium as unknown as EmscriptenRuntime;
}

type Resize = (bytes: number) => number | boolean;

function capMemory(imports: WebAssembly.Imports, memory: { isExhausted: boolean }): WebAssembly.Imports {
  const env = imports.env;
  const resize = env?.emscripten_resize_heap as Resize;
  const capped: Resize = (bytes) => {
    if (bytes >>> 0 <= parseLimits.maxHeapBytes) return resize(bytes);
    memory.isExhausted = true;
    return 0;
  };
  const cappedEnv = { ...env, emscripten_resize_heap: capped };
  return { env: cappedEnv, wasi_snapshot_preview1: cappedEnv };
}

function readPages(pdfium: WrappedPdfiumModule, bytes: Uint8Array): PdfText {
  const runtime = runtimeOf(pdfium);
  const file = runtime.wasmExports.malloc(bytes.length);
  if (file === 0) throw new ParseError("file_too_complex");
  runtime.HEAPU8.set(bytes, file);
  const document = pdfium.FPDF_LoadMemDocument64(file, bytes.length, "");
  if (document === 0) throw new ParseError(isLocked(pdfium) ? "file_encrypted" : "file_unreadable");
  const pageCount = pdfium.FPDF_GetPageCount(document);
  const pages: string[] = [];
  let characters = 0;
  for (let index = 0; index < Math.min(pageCount, parseLimits.maxPages); index += 1) {
    const text = readPage(pdfium, document, index);
    characters += text.length;
    if (characters > parseLimits.maxCharacters) break;
    pages.push(text);
  }
  return { pages, pageCount };
}

function isLocked(pdfium: WrappedPdfiumModule): boolean {
  const error = pdfium.FPDF_GetLastError();
  return error === pdfiumErrors.password || error === pdfiumErrors.security;
}

function readPage(pdfium: WrappedPdfiumModule, document: number, index: number): string {
  // Rotation is undone before reading: otherwise the lines of a rotated page come in reverse order.
  const page = pdfium.EPDF_LoadPageNormalized(document, index, 0);
  if (page === 0) return "";
  const textPage = pdfium.FPDFText_LoadPage(page);
  const text = textPage === 0 ? "" : readText(pdfium, textPage);
  if (textPage !== 0) pdfium.FPDFText_ClosePage(textPage);
  pdfium.FPDF_ClosePage(page);
  return text;
}

/** UTF-16, with a NUL at its end. */
const bytesPerUnit = 2;

function readText(pdfium: WrappedPdfiumModule, textPage: number): string {
  const count = Math.min(pdfium.FPDFText_CountChars(textPage), parseLimits.maxPageCharacters);
  if (count <= 0) return "";
  const { wasmExports, UTF16ToString } = runtimeOf(pdfium);
  const buffer = wasmExports.malloc((count + 1) * bytesPerUnit);
  if (buffer === 0) throw new ParseError("file_too_complex");
  const written = pdfium.FPDFText_GetText(textPage, 0, count, buffer);
  const text = UTF16ToString(buffer, written * bytesPerUnit);
  wasmExports.free(buffer);
  return toLogicalOrder(cleanText(text)).replace(lineHyphen, "").replace(symbolBullet, "•").trim();
}

/** PDFium writes U+FFFE for a hyphen that only breaks a word at the end of a line. */
const lineHyphen = /\ufffe\n?/g;

/** The mark of a list's item. Fonts of symbols have it as a character of private use. */
const symbolBullet = /^[\ue000-\uf8ff](?=\s)/gm;
