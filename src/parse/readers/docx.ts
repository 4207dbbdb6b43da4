import { type ArchiveFiles, unpackArchive } from "../archive.ts";
import { ParseError } from "../parse-error.ts";
import { decodeXml, readMarkup } from "../xml.ts";
import { createBlockWriter } from "./block-writer.ts";

const body = "word/document.xml";
/** Parts whose text follows the body, in this order. */
const notes = ["word/footnotes.xml", "word/endnotes.xml"];

/** The text of a Word document: paragraphs, tables as Markdown, notes at the end. Deleted text is left out. */
export function readDocx(bytes: Uint8Array): string {
  const files = unpackArchive(bytes, (name) => name === body || notes.includes(name));
  if (!files.has(body)) throw new ParseError("file_unreadable");
  return [body, ...notes]
    .map((name) => readPart(files, name))
    .filter((text) => text !== "")
    .join("\n\n");
}

/** Notes without text: they only draw the line between body and notes. */
const separatorTypes = ["separator", "continuationSeparator", "continuationNotice"];
/** Elements whose text is not read: deletions of tracked changes, field instructions, fallbacks of drawings. */
const hiddenElements = ["w:del", "w:moveFrom", "w:instrText", "mc:Fallback"];

function readPart(files: ArchiveFiles, name: string): string {
  const part = files.get(name);
  if (part === undefined) return "";
  const writer = createBlockWriter();
  let hidden = 0;
  let isText = false;
  const openElements: Readonly<Record<string, (attributes: Readonly<Record<string, string>>) => void>> = {
    "w:t": () => {
      isText = true;
    },
    "w:tab": () => writer.add("\t"),
    "w:br": () => writer.endLine(),
    "w:cr": () => writer.endLine(),
    "w:noBreakHyphen": () => writer.add("-"),
    "w:tbl": () => writer.openTable(),
    "w:footnoteReference": (attributes) => writer.add(`[^${attributes["w:id"] ?? ""}]`),
    "w:endnoteReference": (attributes) => writer.add(`[^${attributes["w:id"] ?? ""}]`),
    "w:footnote": (attributes) => startNote(attributes),
    "w:endnote": (attributes) => startNote(attributes),
  };
  const closeElements: Readonly<Record<string, () => void>> = {
    "w:t": () => {
      isText = false;
    },
    "w:p": () => writer.endBlock(),
    "w:tc": () => writer.endCell(),
    "w:tr": () => writer.endRow(),
    "w:tbl": () => writer.closeTable(),
  };
  const startNote = (attributes: Readonly<Record<string, string>>) => {
    if (!separatorTypes.includes(attributes["w:type"] ?? "")) writer.add(`[^${attributes["w:id"] ?? ""}]: `);
  };
  readMarkup(
    decodeXml(part),
    {
      open(element, attributes) {
        if (hiddenElements.includes(element)) hidden += 1;
        if (hidden === 0 && Object.hasOwn(openElements, element)) openElements[element]?.(attributes);
      },
      text: (text) => {
        if (isText && hidden === 0) writer.add(text);
      },
      close(element) {
        if (hidden === 0 && Object.hasOwn(closeElements, element)) closeElements[element]?.();
        if (hiddenElements.includes(element)) hidden -= 1;
      },
    },
    { xml: true },
  );
  return writer.result();
}
