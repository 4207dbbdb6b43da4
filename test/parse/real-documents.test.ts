import pdfium from "@embedpdf/pdfium/pdfium.wasm";
import { expect, test } from "vitest";
import { parseDocument } from "../../src/parse/parse-document.ts";

// test/parse/documents/README.md says how these were made.
const documents = import.meta.glob("./documents/*.{docx,pdf,pptx,xlsx}", {
  query: "?url&inline",
  import: "default",
  eager: true,
});

async function parse(name: string): Promise<string[]> {
  const [, base64] = documents[`./documents/${name}`]?.split(";base64,") ?? [];
  if (base64 === undefined) throw new Error(`There is no document ${name}.`);
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return (await parseDocument(bytes, name, pdfium)).pages;
}

const languages = [
  "契約は三十日前に解約できる。",
  "合同可以提前三十天解除。",
  "계약은 삼십 일 전에 해지할 수 있다.",
  "يمكن إنهاء العقد قبل ثلاثين يوما.",
  "السلام عليكم ولا حول",
  "אפשר לבטל את החוזה שלושים יום מראש.",
  "סעיף 12 של ISO 9001 תקף",
  "Das größte Café öffnet: naïve œuvre, Łódź, Ελλάδα, Москва.",
];

const columns = [
  "Left one begins here and goes on for more than a single line of its column.",
  "Left two ends the first column of this page.",
  "Right one begins the second column of this page here.",
  "Right two is the last paragraph of the document.",
];

test("a Word document has its note with the number that people see, its table, and words without soft hyphens", async () => {
  expect(await parse("report.docx")).toEqual([
    [
      "Office affairs",
      "The officer filed a difficult affidavit.[^1] Five waffles flow.",
      "| Who | What |\n| --- | --- |\n| Ada | Plan the first flight |",
      "The responsibilities of the administration are unquestionable.",
      "first point",
      "second point",
      "Two columns follow.",
      ...columns,
      "[^1]: The affidavit was filed first.",
    ].join("\n\n"),
  ]);
});

test("a PDF has letters for ligatures, words without the hyphens of line ends, and column after column", async () => {
  const [first, second] = await parse("report.pdf");
  expect(first).toBe(
    [
      "Office affairs",
      "The officer filed a difficult affidavit.1",
      " Five waffles flow.",
      "Who What",
      "Ada Plan the first flight",
      "The responsibilities of the",
      "administration are unquestionable.",
      "• first point",
      "• second point",
      "1 The affidavit was filed first.",
    ].join("\n"),
  );
  expect(second?.replaceAll("\n", " ")).toBe(["Two columns follow.", ...columns].join(" "));
});

test("a PDF whose font has ligatures as characters, set by groff, has letters too", async () => {
  const [page] = await parse("paper.pdf");
  expect(page?.replaceAll("\n", " ")).toBe(
    "Efficient offices The officer filed an affidavit. The first flight of the fluffy waffles was difficult, and the administration of the responsibilities is unquestionable. Internationalization and characterization are notwithstanding incomprehensible misunderstandings of extraordinary circumstances. The well-known second paragraph ends here.",
  );
});

test.each([
  ["languages.docx", "\n\n"],
  ["languages.pdf", "\n"],
])(
  "%s has Chinese, Japanese, Korean, Arabic, Hebrew and other letters as they were written",
  async (name, between) => {
    expect(await parse(name)).toEqual([languages.join(between)]);
  },
);

test("lines of a PDF that run from right to left are read in order, with their numbers, brackets and Latin words", async () => {
  expect((await parse("right-to-left.pdf"))[0]?.split("\n")).toEqual([
    "עמוד (א) מתוך 3, רק 50% מהם.",
    "שלום עולם",
    "תאריך 31/05/2026 בשעה 10:30",
    "המילה Ada Lovelace כתובה כאן",
    "العقد رقم ١٢٣ في 45 يوما (مهم)",
    "The word שלום means peace, مرحبا means hello.",
  ]);
});

test("words from right to left within English lines of a PDF are read in order, with their points", async () => {
  expect((await parse("mixed.pdf"))[0]?.split("\n")).toEqual([
    "The words שלום עולם mean hello world.",
    "A clause (סעיף 12, חלק א) was added to ISO 9001.",
    "Plain line of many English words so that the page is English.",
    'He said "שָׁלוֹם" twice.',
  ]);
});

test("a workbook has its cells as they are shown: dates, shares, amounts and results of formulas", async () => {
  expect(await parse("stock.xlsx")).toEqual([
    'Sheet: Stock\nitem,since,share,price\n"電球, large",2026-05-31,12.5%,"1,234.50"\n"say ""x""",2027-01-02,87.5%,2.00\ntotal,,100.0%,"1,236.50"',
    "Sheet: שלום\nمرحبا,1",
  ]);
});

test("slides have a page each, also as PDF", async () => {
  expect(await parse("slides.pptx")).toEqual([
    "First flight\n\nAn efficient office\n\n三十日前",
    "Second flow\n\n| Who | What |\n| --- | --- |\n| Ada | Plan |",
  ]);
  expect(await parse("slides.pdf")).toEqual([
    "First flight\nAn efficient office\n三十日前",
    "Second flow\nWho What\nAda Plan",
  ]);
});

test.each([
  ["encrypted.docx", "file_encrypted"],
  ["encrypted.xlsx", "file_encrypted"],
  ["encrypted.pdf", "file_encrypted"],
  ["before-2007.docx", "file_unreadable"],
])("%s ends as %s", async (name, code) => {
  await expect(parse(name)).rejects.toMatchObject({ code });
});

test("a PDF that is encrypted without a password is read", async () => {
  expect(await parse("restricted.pdf")).toEqual(await parse("report.pdf"));
});
