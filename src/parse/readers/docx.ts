import { type ArchiveFiles, unpackArchive } from "../archive.ts";
import { ParseError } from "../parse-error.ts";
import { decodeXml, readMarkup } from "../xml.ts";
import { BlockWriter } from "./block-writer.ts";

const body = "word/document.xml";
/** Parts whose text follows the body, in this order. */
const notes = ["word/footnotes.xml", "word/endnotes.xml"];

/** The text of a Word document: paragraphs, tables as Markdown, notes at the end. Deleted text is left out. */
export function readDocx(bytes: Uint8Array): string {
  const files = unpackArchive(bytes, (name) => name === body || notes.includes(name));
  if (!files.has(body)) throw new ParseError("file_unreadable");
  const numbers = new Map<string, number>();
  return [body, ...notes]
    .map((name) => readPart(files, name, numbers))
    .filter((text) => text !== "")
    .join("\n\n");
}

/** The numbers of notes, by kind and id, in the order in which the body refers to them. Ids begin anywhere. */
type NoteNumbers = Map<string, number>;

function numberOf(numbers: NoteNumbers, kind: string, { "w:id": id = "" }: Attributes): number {
  const note = `${kind} ${id}`;
  const number = numbers.get(note) ?? numbers.size + 1;
  numbers.set(note, number);
  return number;
}

/** Notes without text: they only draw the line between body and notes. */
const separatorTypes = ["separator", "continuationSeparator", "continuationNotice"];
/** Elements whose text is not read: deletions of tracked changes, field instructions, fallbacks of drawings. */
const hiddenElements = ["w:del", "w:moveFrom", "w:instrText", "mc:Fallback"];

type Attributes = Readonly<Record<string, string>>;

/** What the beginning of an element writes. */
const onOpen: Readonly<
  Record<string, (writer: BlockWriter, attributes: Attributes, numbers: NoteNumbers) => void>
> = {
  "w:tab": (writer) => writer.add("\t"),
  "w:br": (writer) => writer.endLine(),
  "w:cr": (writer) => writer.endLine(),
  "w:noBreakHyphen": (writer) => writer.add("-"),
  "w:tbl": (writer) => writer.openTable(),
  "w:footnoteReference": referTo("footnote"),
  "w:endnoteReference": referTo("endnote"),
  "w:footnote": startNote("footnote"),
  "w:endnote": startNote("endnote"),
};

function referTo(kind: string) {
  return (writer: BlockWriter, attributes: Attributes, numbers: NoteNumbers): void =>
    writer.add(`[^${numberOf(numbers, kind, attributes)}]`);
}

/** What the end of an element writes. */
const onClose: Readonly<Record<string, (writer: BlockWriter) => void>> = {
  "w:p": (writer) => writer.endBlock(),
  "w:tc": (writer) => writer.endCell(),
  "w:tr": (writer) => writer.endRow(),
  "w:tbl": (writer) => writer.closeTable(),
};

function startNote(kind: string) {
  return (writer: BlockWriter, attributes: Attributes, numbers: NoteNumbers): void => {
    if (separatorTypes.includes(attributes["w:type"] ?? "")) return;
    writer.add(`[^${numberOf(numbers, kind, attributes)}]: `);
  };
}

/** The mark of a note, and the tab or blanks between it and the note's text. */
const noteStart = /^(\[\^\d+\]:)\s*/gm;

function readPart(files: ArchiveFiles, name: string, numbers: NoteNumbers): string {
  const part = files.get(name);
  if (part === undefined) return "";
  const writer = new BlockWriter();
  let hidden = 0;
  let isText = false;
  readMarkup(
    decodeXml(part),
    {
      open(element, attributes) {
        if (hiddenElements.includes(element)) hidden += 1;
        if (hidden > 0) return;
        if (element === "w:t") isText = true;
        else if (Object.hasOwn(onOpen, element)) onOpen[element]?.(writer, attributes, numbers);
      },
      text: (text) => {
        if (isText && hidden === 0) writer.add(text);
      },
      close(element) {
        if (hidden === 0) {
          if (element === "w:t") isText = false;
          else if (Object.hasOwn(onClose, element)) onClose[element]?.(writer);
        }
        if (hiddenElements.includes(element)) hidden -= 1;
      },
    },
    { xml: true },
  );
  return writer.result().replace(noteStart, "$1 ");
}
