/** Headings of Markdown. A page begins at one if the page before is full enough. */
const heading = /^#{1,6}\s/;

/** A page must be filled to this share before it ends at a heading. */
const minFilledShare = 0.5;

/**
 * Cuts a text into pages: at line ends, or before a heading if the page is half full.
 * @param size Characters of a page. A longer line is cut.
 */
export function splitPages(text: string, size: number): string[] {
  const pages: string[] = [];
  let lines: string[] = [];
  let length = 0;
  const endPage = () => {
    const page = lines.join("\n").trim();
    if (page !== "") pages.push(page);
    lines = [];
    length = 0;
  };
  for (const line of text.split("\n").flatMap((whole) => cutLine(whole, size))) {
    const isFull = length + line.length + 1 > size;
    const isNewPart = heading.test(line) && length > size * minFilledShare;
    if (length > 0 && (isFull || isNewPart)) endPage();
    lines.push(line);
    length += line.length + 1;
  }
  endPage();
  return pages;
}

/** Pieces of at most `size` characters; a pair of surrogates stays together. */
function cutLine(line: string, size: number): string[] {
  if (line.length <= size) return [line];
  const pieces: string[] = [];
  for (let start = 0; start < line.length; ) {
    const end = start + size;
    const isInPair = (line.codePointAt(end - 1) ?? 0) > 0xffff;
    const safeEnd = isInPair && end < line.length ? end - 1 : end;
    pieces.push(line.slice(start, safeEnd));
    start = safeEnd;
  }
  return pieces;
}
