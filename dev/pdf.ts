import { PDFDocument, StandardFonts } from "pdf-lib";

/** A PDF with a page for each text; a text may have several lines. */
export async function makePdf(pages: readonly string[]): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  for (const text of pages) pdf.addPage().drawText(text, { x: 60, y: 760, size: 12, font, lineHeight: 16 });
  return pdf.save();
}
