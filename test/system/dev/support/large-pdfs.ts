import { deflateSync } from "node:zlib";
import { PDFDocument, PDFName, StandardFonts } from "pdf-lib";

/** A PDF of 1,500 pages with 2,000 characters each, which takes a parser seconds. */
export async function makeLongPdf(): Promise<Uint8Array> {
  const line = "The launch is in May and nobody may be late for it at all.";
  const content = `BT /F0 8 Tf 10 TL 20 480 Td ${`(${line}) Tj T* `.repeat(35)} ET`;
  return makePdfOfPages(1_500, content);
}

/** A small PDF whose one page is unpacked to 100 million bytes for each unit of `size`. */
export async function makeContentBomb(size: number): Promise<Uint8Array> {
  return makePdfOfPages(1, `BT /F0 8 Tf ${"(bomb) Tj ".repeat(size * 10_000_000)} ET`);
}

/** A small PDF whose pages are unpacked to a million bytes each, and hold no text: it takes time, but little memory. */
export async function makeTimeBomb(pages: number): Promise<Uint8Array> {
  return makePdfOfPages(pages, "q Q ".repeat(250_000));
}

/** Every page has the same content. */
async function makePdfOfPages(count: number, content: string): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  const stream = pdf.context.stream(deflateSync(content), { Filter: "FlateDecode" });
  const contents = pdf.context.register(stream);
  for (let index = 0; index < count; index += 1) {
    const page = pdf.addPage([400, 500]);
    page.node.setFontDictionary(PDFName.of("F0"), font.ref);
    page.node.set(PDFName.of("Contents"), contents);
  }
  return pdf.save();
}
