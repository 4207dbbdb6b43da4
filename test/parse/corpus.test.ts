import { utils, write } from "@e965/xlsx";
import pdfium from "@embedpdf/pdfium/pdfium.wasm";
import { zipSync } from "fflate";
import { PDFDocument, rgb, StandardFonts } from "pdf-lib";
import { describe, expect, test } from "vitest";
import { parseDocument } from "../../src/parse/parse-document.ts";
import { parseLimits } from "../../src/parse/parse-limits.ts";
import { makeArchive, makePdf, makePptx } from "./support/documents.ts";

const parse = (bytes: Uint8Array, name: string) => parseDocument(bytes, name, pdfium);
const utf8 = (text: string) => new TextEncoder().encode(text);
const japanese = "契約は三十日前に解約できる。";
const hebrew = "שלום עולם";
const arabic = "مرحبا بالعالم";

/** Two columns of three lines each, one after the other. */
async function makeColumns(): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.TimesRoman);
  const page = pdf.addPage([400, 300]);
  for (const [x, column] of [
    [30, "left"],
    [220, "right"],
  ] as const) {
    for (let line = 1; line <= 3; line += 1) {
      page.drawText(`${column} line ${line}`, { x, y: 250 - 16 * line, size: 11, font });
    }
  }
  return pdf.save();
}

/** A page with a picture's frame and no text, as a scanner makes it. */
async function makeScan(): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  pdf.addPage([400, 300]).drawRectangle({ x: 10, y: 10, width: 380, height: 280, color: rgb(0.9, 0.9, 0.9) });
  return pdf.save();
}

/** Bytes as a text of as many characters, and back: a decoder of Latin-1 changes some of them. */
const toBinary = (bytes: Uint8Array) => [...bytes].map((byte) => String.fromCharCode(byte)).join("");
const fromBinary = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** As a writer that counts wrongly leaves it: the table of objects is not where the file says. */
async function makeWrongXref(): Promise<Uint8Array> {
  const pdf = await PDFDocument.load(await makePdf(["still readable"]));
  const text = toBinary(await pdf.save({ useObjectStreams: false }));
  const broken = text.replace(/startxref\s+\d+/, "startxref\n7");
  return fromBinary(broken);
}

/** The password that opens it is not the empty one. */
async function makeEncrypted(): Promise<Uint8Array> {
  const pdf = await PDFDocument.load(await makePdf(["secret"]));
  const text = toBinary(await pdf.save({ useObjectStreams: false }));
  const key = "A".repeat(32);
  const encrypt = `/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (${key}) /U (${key}) >> /ID [(${key}) (${key})]`;
  const locked = text.replace(/trailer\s*<</, (found) => `${found} ${encrypt} `);
  return fromBinary(locked);
}

function makeWord(...paragraphs: string[]): Uint8Array {
  const body = paragraphs.map((text) => `<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`).join("");
  return makeArchive({
    "[Content_Types].xml": "<Types/>",
    "word/document.xml": `<w:document><w:body>${body}</w:body></w:document>`,
  });
}

function makeSheet(rows: string[][]): Uint8Array {
  const workbook = { SheetNames: ["Data"], Sheets: { Data: utils.aoa_to_sheet(rows) } };
  return new Uint8Array(write(workbook, { type: "array", bookType: "xlsx" }));
}

function utf16(text: string, isLittle: boolean): Uint8Array {
  const units = `\ufeff${text}`;
  const view = new DataView(new ArrayBuffer(2 * units.length));
  for (let index = 0; index < units.length; index += 1) {
    view.setUint16(2 * index, units.charCodeAt(index), isLittle);
  }
  return new Uint8Array(view.buffer);
}

type Sample = [name: string, bytes: Uint8Array, expected: string[]];

const samples: Sample[] = [
  ["plain.pdf", await makePdf(["One page", "Another page"]), ["One page", "Another page"]],
  [
    "columns.pdf",
    await makeColumns(),
    ["left line 1\nleft line 2\nleft line 3\nright line 1\nright line 2\nright line 3"],
  ],
  ["rotated.pdf", await makePdf(["turned"], { rotated: true }), ["turned"]],
  ["scan.pdf", await makeScan(), [""]],
  ["wrong-xref.pdf", await makeWrongXref(), ["still readable"]],
  ["cjk.docx", makeWord(japanese, "第二条"), [`${japanese}\n\n第二条`]],
  ["right-to-left.docx", makeWord(hebrew, arabic), [`${hebrew}\n\n${arabic}`]],
  ["ligatures.docx", makeWord("oﬃce ﬁle"), ["oﬃce ﬁle"]],
  ["cjk.pptx", makePptx([japanese, "Slide two"]), [japanese, "Slide two"]],
  [
    "cjk.xlsx",
    makeSheet([
      ["Name", "Wert"],
      [japanese, "1"],
    ]),
    [`Sheet: Data\nName,Wert\n${japanese},1`],
  ],
  ["rtl.html", utf8(`<h1>${hebrew}</h1><p>${arabic}</p>`), [`# ${hebrew}\n\n${arabic}`]],
  ["entities.html", utf8("<p>a &lt;b&gt; &amp; c&nbsp;d</p>"), ["a <b> & c d"]],
  ["table.csv", utf8('name,note\nada,"one, two"\n'), ['name,note\nada,"one, two"']],
  ["notes.md", utf8("# Title\n\n- one\n- two"), ["# Title\n\n- one\n- two"]],
  ["code.ts", utf8("const a = `x`;\n\tif (a) {}"), ["const a = `x`;\n\tif (a) {}"]],
  ["utf16le.txt", utf16(`grüße ${japanese}`, true), [`grüße ${japanese}`]],
  ["utf16be.txt", utf16(`grüße ${japanese}`, false), [`grüße ${japanese}`]],
  ["crlf.txt", utf8("one\r\ntwo\rthree"), ["one\ntwo\nthree"]],
];

test.each(samples)("the text of %s is what was put in", async (name, bytes, expected) => {
  const { pages } = await parse(bytes, name);
  expect(pages.map((text) => text.trim())).toEqual(expected);
});

describe("a hostile file", () => {
  /** An archive whose one part unpacks to more than the limit. */
  const bomb = (large: string, ...others: string[]) =>
    zipSync(
      Object.fromEntries([
        ...others.map((name) => [name, utf8("<p/>")]),
        [large, new Uint8Array(parseLimits.maxUnpackedBytes)],
      ]),
      { level: 1 },
    );
  const xml = (parts: Record<string, string>) => makeArchive({ "[Content_Types].xml": "<Types/>", ...parts });
  test.each([
    ["encrypted.pdf", makeEncrypted, "file_encrypted"],
    [
      "random.pdf",
      () => Uint8Array.from({ length: 5_000 }, (_, n) => "%PDF-1.7".charCodeAt(n) || (n * 7919) % 256),
      "file_unreadable",
    ],
    ["truncated.docx", () => makeWord("x".repeat(5_000)).slice(0, 300), "file_unreadable"],
    ["nested.html", () => utf8("<div>".repeat(200_000)), "file_too_complex"],
    [
      "nested.docx",
      () => xml({ "word/document.xml": `<w:document>${"<w:p>".repeat(200_000)}` }),
      "file_too_complex",
    ],
    [
      "bomb.pptx",
      () => bomb("ppt/slides/slide1.xml", "ppt/presentation.xml", "ppt/_rels/presentation.xml.rels"),
      "file_too_complex",
    ],
    ["bomb.xlsx", () => bomb("xl/media/picture.bin", "xl/workbook.xml"), "file_too_complex"],
    [
      "entries.docx",
      () => xml(Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`word/${n}`, ""]))),
      "file_too_complex",
    ],
  ] as const)("%s ends with its code", async (name, make, code) => {
    await expect(parse(await make(), name)).rejects.toMatchObject({ code });
  });

  test("empty.pdf with 5,000 pages is read to the limit", async () => {
    const pdf = await PDFDocument.create();
    for (let page = 0; page < 5_000; page += 1) pdf.addPage([100, 100]);
    expect(await parse(await pdf.save(), "empty.pdf")).toMatchObject({
      pageCount: 5_000,
      pages: { length: 2_000 },
    });
  });
});
