import { Document, FootnoteReferenceRun, Packer, Paragraph, Table, TableCell, TableRow, TextRun } from "docx";
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
export async function makeDocx(): Promise<Uint8Array> {
  const cell = (text: string) => new TableCell({ children: [new Paragraph(text)] });
  const document = new Document({
    footnotes: { 1: { children: [new Paragraph("The note itself.")] } },
    sections: [
      {
        children: [
          new Paragraph({ children: [new TextRun("Launch plan"), new FootnoteReferenceRun(1)] }),
          new Table({
            rows: [
              new TableRow({ children: [cell("Who"), cell("What | when")] }),
              new TableRow({ children: [cell("Ada"), cell("Plan 計画")] }),
            ],
          }),
          new Paragraph("Ende."),
        ],
      },
    ],
  });
  return new Uint8Array(await Packer.toArrayBuffer(document));
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
