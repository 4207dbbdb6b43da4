import { readMarkup } from "../xml.ts";
import { BlockWriter } from "./block-writer.ts";

const hiddenElements = new Set([
  "script",
  "style",
  "noscript",
  "template",
  "svg",
  "head",
  "iframe",
  "object",
]);
const blockElements = new Set(
  "address article aside blockquote dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol p pre section summary ul body html center".split(
    " ",
  ),
);
const headingLevel = /^h([1-6])$/;

/** The visible text of a page. Headings, list items and tables are written as Markdown. */
export function readHtml(html: string): string {
  const writer = new BlockWriter();
  const page = createPageWriter(writer);
  let hidden = 0;
  readMarkup(
    html,
    {
      open(name) {
        if (hiddenElements.has(name)) hidden += 1;
        if (hidden === 0) page.open(name);
      },
      text: (text) => {
        if (hidden === 0) page.add(text);
      },
      close(name) {
        if (hiddenElements.has(name)) hidden = Math.max(0, hidden - 1);
        if (hidden === 0) page.close(name);
      },
    },
    { xml: false },
  );
  return writer.result();
}

/** Writes visible elements. White space is joined as a browser joins it, except in `pre`. */
function createPageWriter(writer: BlockWriter) {
  let preformatted = 0;
  let isLineStart = true;
  const endBlock = () => {
    writer.endBlock();
    isLineStart = true;
  };
  return {
    add(text: string): void {
      const shown = preformatted > 0 ? text : text.replace(/\s+/g, " ");
      const kept = isLineStart && preformatted === 0 ? shown.trimStart() : shown;
      if (kept === "") return;
      writer.add(kept);
      isLineStart = preformatted === 0 && kept.endsWith(" ");
    },
    open(name: string): void {
      if (blockElements.has(name)) endBlock();
      if (name === "pre") preformatted += 1;
      if (name === "br") {
        writer.endLine();
        isLineStart = true;
      }
      if (name === "table") writer.openTable();
      if (name === "li") writer.add("- ");
      const level = headingLevel.exec(name)?.[1];
      if (level !== undefined) writer.add(`${"#".repeat(Number(level))} `);
    },
    close(name: string): void {
      if (name === "pre") preformatted = Math.max(0, preformatted - 1);
      if (name === "td" || name === "th") writer.endCell();
      if (name === "tr") writer.endRow();
      if (name === "table") writer.closeTable();
      if (blockElements.has(name)) endBlock();
    },
  };
}
