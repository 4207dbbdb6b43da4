import { utils, write } from "@e965/xlsx";
import pdfium from "@embedpdf/pdfium/pdfium.wasm";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { parseDocument } from "../../src/parse/parse-document.ts";
import { parseLimits } from "../../src/parse/parse-limits.ts";
import { makeArchive, makeDocx, makePdf, makePptx } from "./support/documents.ts";

const parse = (bytes: Uint8Array, name: string) => parseDocument(bytes, name, pdfium);
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("PDF", () => {
  test("each page has its text", async () => {
    const { kind, pages, pageCount } = await parse(await makePdf(["First page", "", "Third one"]), "a.pdf");
    expect({ kind, pages, pageCount }).toEqual({
      kind: "pdf",
      pages: ["First page", "", "Third one"],
      pageCount: 3,
    });
  });

  test("lines and rotated pages are read in order", async () => {
    const { pages } = await parse(await makePdf(["one\ntwo"], { rotated: true }), "a.pdf");
    expect(pages).toEqual(["one\ntwo"]);
  });

  test("pages above the limit are counted", async () => {
    const { pages, pageCount } = await parse(await makePdf(Array(2_003).fill("")), "a.pdf");
    expect({ read: pages.length, pageCount }).toEqual({ read: parseLimits.maxPages, pageCount: 2_003 });
  });

  test("a truncated file is read as far as possible or is unreadable; random bytes are unreadable", async () => {
    const pdf = await makePdf(["First page"]);
    await expect(parse(pdf.subarray(0, 200), "a.pdf")).rejects.toMatchObject({ code: "file_unreadable" });
    await expect(parse(utf8(`%PDF-1.7\n${"x".repeat(5_000)}`), "a.pdf")).rejects.toMatchObject({
      code: "file_unreadable",
    });
  });
});

describe("Office files", () => {
  test("a Word document gives paragraphs, its table as Markdown, and its notes at the end", async () => {
    const { kind, pages } = await parse(makeDocx(), "plan.docx");
    expect(kind).toBe("docx");
    expect(pages.join("\n")).toBe(
      [
        "Launch plan[^1]",
        "",
        "| Who | What \\| when |",
        "| --- | --- |",
        "| Ada | Plan 計画 |",
        "",
        "Ende.",
        "",
        "[^1]: The note itself.",
      ].join("\n"),
    );
  });

  test("text that a tracked change deleted is not read", async () => {
    const xml =
      "<w:document><w:body><w:p><w:r><w:t>kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText><w:t>gone too</w:t></w:r></w:del></w:p></w:body></w:document>";
    const { pages } = await parse(makeArchive({ "word/document.xml": xml }), "a.docx");
    expect(pages).toEqual(["kept"]);
  });

  test("slides come in the order in which they are shown, whatever their file names", async () => {
    const { kind, pages } = await parse(makePptx(["Opening", "Figures", "Close"]), "a.pptx");
    expect({ kind, pages }).toEqual({ kind: "pptx", pages: ["Opening", "Figures", "Close"] });
  });

  test("a workbook gives the rows of its sheets, with the header on each page", async () => {
    const book = utils.book_new();
    const rows = Array.from({ length: 400 }, (_, index) => [`item ${index}`, index]);
    utils.book_append_sheet(book, utils.aoa_to_sheet([["name", "count"], ...rows]), "Stock");
    utils.book_append_sheet(book, utils.aoa_to_sheet([["a, b", 'say "x"']]), "Odd");
    const bytes = new Uint8Array(write(book, { type: "array", bookType: "xlsx" }));
    const { kind, pages } = await parse(bytes, "stock.xlsx");
    expect(kind).toBe("xlsx");
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.slice(0, -1).every((page) => page.startsWith("Sheet: Stock\nname,count\n"))).toBe(true);
    expect(pages.join("\n")).toContain("item 399,399");
    expect(pages.at(-1)).toBe('Sheet: Odd\n"a, b","say ""x"""');
  });

  test("the contents decide the kind, not the name", async () => {
    expect((await parse(makeDocx(), "renamed.pdf")).kind).toBe("docx");
  });

  test.each([
    ["an archive of another kind", zipSync({ "a.txt": utf8("hello") })],
    ["an archive that is cut", makeDocx().subarray(0, 600)],
    ["an empty archive", zipSync({})],
  ])("%s is unreadable", async (_, bytes) => {
    await expect(parse(bytes, "a.docx")).rejects.toMatchObject({ code: "file_unreadable" });
  });

  test("an archive that unpacks to more than the limit is refused before it is unpacked", async () => {
    const bomb = zipSync({ "word/document.xml": new Uint8Array(parseLimits.maxUnpackedBytes + 1) });
    await expect(parse(bomb, "bomb.docx")).rejects.toMatchObject({ code: "file_too_complex" });
  });

  test("an archive of more entries than the limit is refused, also where none of them is read", async () => {
    const unread = Array.from({ length: parseLimits.maxArchiveEntries }, (_, n) => [`x/${n}`, utf8("")]);
    const entries = { "word/document.xml": utf8("<w:document/>"), ...Object.fromEntries(unread) };
    await expect(parse(zipSync(entries), "many.docx")).rejects.toMatchObject({
      code: "file_too_complex",
    });
  });

  test("an archive that states false sizes is unpacked to the stated sizes at most", async () => {
    const bomb = zipSync({ "word/document.xml": new Uint8Array(80_000_000) });
    const view = new DataView(bomb.buffer);
    const directory = view.getUint32(bomb.length - 6, true);
    view.setUint32(directory + 24, 1_000, true);
    const outcome = await parse(bomb, "bomb.docx").then(
      ({ pages }) => pages.join("").length <= 1_000,
      ({ code }) => code === "file_unreadable",
    );
    expect(outcome).toBe(true);
  });
});

describe("HTML", () => {
  test("headings, lists and tables become Markdown; scripts and styles are not read", async () => {
    const html = `<html><head><title>t</title><style>p{}</style></head><body><h2>Plan &amp; more</h2>
      <p>One  <b>two</b>
      three<br>four</p><script>alert(1)</script><ul><li>a</li><li>b</li></ul>
      <table><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td></tr></table></body></html>`;
    const { pages } = await parse(utf8(html), "a.html");
    expect(pages).toEqual([
      "## Plan & more\n\nOne two three\nfour\n\n- a\n\n- b\n\n| k | v |\n| --- | --- |\n| 1 | 2 |",
    ]);
  });

  test("elements that are nested too deep are refused", async () => {
    await expect(parse(utf8("<div>".repeat(200_000)), "a.html")).rejects.toMatchObject({
      code: "file_too_complex",
    });
  });
});

describe("tables of text", () => {
  test("rows stay whole, and each page begins with the header", async () => {
    const rows = Array.from({ length: 500 }, (_, index) => `${index},"line\none, two",x`);
    const { pages } = await parse(utf8(`id,text,mark\n${rows.join("\n")}`), "a.csv");
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.every((page) => page.startsWith("id,text,mark\n"))).toBe(true);
    expect(pages.join("\n")).toContain('499,"line one, two",x');
  });

  test("a table with tabs is read in the same way", async () => {
    expect((await parse(utf8("a\tb\n1\t2"), "a.tsv")).pages).toEqual(["a,b\n1,2"]);
  });
});

describe("text", () => {
  test.each([
    ["UTF-8 with a mark", new Uint8Array([0xef, 0xbb, 0xbf, ...utf8("grüße")]), "grüße", false],
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x67, 0x00, 0x72, 0x00, 0xfc, 0x00]), "grü", false],
    ["Latin-1", new Uint8Array([0x67, 0x72, 0xfc, 0xdf, 0x65]), "grüße", true],
    [
      "Shift-JIS",
      new Uint8Array(
        [...Array(6)].flatMap(() => [0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea, 0x82, 0xcc, 0x83, 0x65]),
      ),
      "日本語のテ".repeat(6),
      true,
    ],
  ])("%s is decoded", async (_, bytes, text, encodingGuessed) => {
    expect(await parse(bytes, "a.txt")).toMatchObject({ pages: [text], encodingGuessed });
  });

  test("a long text is cut into pages at line ends and before a heading", async () => {
    const part = (name: string) => `# ${name}\n${"word ".repeat(400).trim()}`;
    const { pages } = await parse(utf8([part("One"), part("Two"), part("Three")].join("\n")), "a.md");
    expect(pages.map((page) => page.split("\n")[0])).toEqual(["# One", "# Two", "# Three"]);
  });

  test("an empty file has no pages", async () => {
    expect(await parse(new Uint8Array(), "a.txt")).toMatchObject({ pages: [], pageCount: 0 });
  });

  test("bytes that are neither text nor a known kind are unreadable", async () => {
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]);
    await expect(parse(png, "a.txt")).rejects.toMatchObject({ code: "file_unreadable" });
  });
});
