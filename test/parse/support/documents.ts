import { strToU8, zipSync } from "fflate";
import { degrees, PDFDocument, StandardFonts } from "pdf-lib";

/** A PDF with one line of text on each page. */
export async function makePdf(pages: readonly string[], { rotated = false } = {}): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  for (const text of pages) {
    const page = pdf.addPage([400, 300]);
    if (rotated) page.setRotation(degrees(90));
    if (text !== "") page.drawText(text, { x: 40, y: 200, size: 12, font, lineHeight: 16 });
  }
  return pdf.save();
}

/** A Word document: a paragraph, a table of two rows, a footnote. */
export function makeDocx(): Uint8Array {
  const paragraph = (text: string, more = "") => `<w:p><w:r><w:t>${text}</w:t></w:r>${more}</w:p>`;
  const row = (...cells: string[]) =>
    `<w:tr>${cells.map((text) => `<w:tc>${paragraph(text)}</w:tc>`).join("")}</w:tr>`;
  const reference = `<w:r><w:footnoteReference w:id="1"/></w:r>`;
  const table = `<w:tbl>${row("Who", "What | when")}${row("Ada", "Plan 計画")}</w:tbl>`;
  return makeArchive({
    "[Content_Types].xml": "<Types/>",
    "word/document.xml": `<w:document><w:body>${paragraph("Launch plan", reference)}${table}${paragraph("Ende.")}</w:body></w:document>`,
    "word/footnotes.xml": `<w:footnotes><w:footnote w:type="separator" w:id="-1">${paragraph("")}</w:footnote><w:footnote w:id="1">${paragraph("The note itself.")}</w:footnote></w:footnotes>`,
  });
}

/** An Office file of parts that are given as XML. */
export function makeArchive(parts: Readonly<Record<string, string>>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(parts).map(([name, xml]) => [name, strToU8(xml)])));
}

export function makePptx(slides: readonly string[]): Uint8Array {
  const ids = slides.map((_, index) => `<p:sldId id="${256 + index}" r:id="rId${index + 1}"/>`);
  const targets = slides.map(
    (_, index) => `<Relationship Id="rId${index + 1}" Target="slides/slide${slides.length - index}.xml"/>`,
  );
  const parts = slides.map((text, index) => [
    `ppt/slides/slide${slides.length - index}.xml`,
    `<p:sld><p:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></p:txBody></p:sld>`,
  ]);
  return makeArchive({
    "ppt/presentation.xml": `<p:presentation><p:sldIdLst>${ids.join("")}</p:sldIdLst></p:presentation>`,
    "ppt/_rels/presentation.xml.rels": `<Relationships>${targets.join("")}</Relationships>`,
    ...Object.fromEntries(parts),
  });
}

/** The beginning of an Office file with a password, and the name of its encrypted entry. */
export function makeEncryptedOffice(): Uint8Array {
  const start = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
  return Uint8Array.from([...start, ...strToU8([..."EncryptedPackage"].join("\u0000"))]);
}
