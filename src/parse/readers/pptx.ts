import { unpackArchive } from "../archive.ts";
import { ParseError } from "../parse-error.ts";
import { decodeXml, readMarkup } from "../xml.ts";
import { BlockWriter } from "./block-writer.ts";

const slidePattern = /^ppt\/slides\/slide(\d+)\.xml$/;
const presentation = "ppt/presentation.xml";
const relations = "ppt/_rels/presentation.xml.rels";

/** The text of a presentation: a page for each slide, in the order in which the slides are shown. */
export function readPptx(bytes: Uint8Array): string[] {
  const files = unpackArchive(
    bytes,
    (name) => slidePattern.test(name) || name === presentation || name === relations,
  );
  const show = files.get(presentation);
  const rels = files.get(relations);
  if (show === undefined || rels === undefined) throw new ParseError("file_unreadable");
  return listSlides(decodeXml(show), decodeXml(rels)).map((name) => {
    const slide = files.get(name);
    return slide === undefined ? "" : readSlide(decodeXml(slide));
  });
}

function listSlides(show: string, rels: string): string[] {
  const targets = new Map<string, string>();
  readMarkup(
    rels,
    {
      open(name, { Id, Target }) {
        if (name === "Relationship" && Id !== undefined && Target !== undefined) targets.set(Id, Target);
      },
    },
    { xml: true },
  );
  const slides: string[] = [];
  readMarkup(
    show,
    {
      open(name, attributes) {
        const target = name === "p:sldId" ? targets.get(attributes["r:id"] ?? "") : undefined;
        if (target !== undefined) slides.push(resolveTarget(target));
      },
    },
    { xml: true },
  );
  return slides;
}

/** A target is relative to the presentation, or to the archive's root if it begins with a slash. */
function resolveTarget(target: string): string {
  return target.startsWith("/") ? target.slice(1) : `ppt/${target}`;
}

function readSlide(xml: string): string {
  const writer = new BlockWriter();
  let isText = false;
  readMarkup(
    xml,
    {
      open(name) {
        if (name === "a:t") isText = true;
        if (name === "a:br") writer.endLine();
        if (name === "a:tbl") writer.openTable();
      },
      text: (text) => {
        if (isText) writer.add(text);
      },
      close(name) {
        if (name === "a:t") isText = false;
        if (name === "a:p") writer.endBlock();
        if (name === "a:tc") writer.endCell();
        if (name === "a:tr") writer.endRow();
        if (name === "a:tbl") writer.closeTable();
      },
    },
    { xml: true },
  );
  return writer.result();
}
