/*
 * PDFium reads a line from left to right and turns its right-to-left words around. It does not follow the Unicode
 * Bidirectional Algorithm (UAX #9): Latin words of a Hebrew line change places, and so do a number and its comma. Here what
 * it did is undone, and the line is put into the order in which people read it.
 */

/** A letter of Hebrew, Arabic, or a script like them. */
const right = String.raw`(?![\p{Mn}\p{Nd}،٪-٬])[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]`;
/** What counts for PDFium as neither a letter nor neutral: digits, marks, and characters of numbers. */
const weak = String.raw`\p{Nd}\p{Mn}،٪-٬+\-#$%¢-¥°±€‰.,/:\u00a0`;

const hasRight = new RegExp(right, "u");
const rightLetters = new RegExp(right, "gu");
const leftLetters = new RegExp(`(?!${right})\\p{L}`, "gu");

/** Pieces that PDFium takes as one. */
const pdfiumPieces = new RegExp(
  `(?<right>(?:${right})+)|(?<weak>[${weak}]+)|(?<left>(?:(?!${right})\\p{L})+)|(?<neutral>[^\\p{L}${weak}]+)`,
  "gu",
);

/** Words, numbers, and single characters between them. */
const words = new RegExp(
  `(?<right>(?:${right}|\\p{Mn})+)|(?<left>\\p{L}[\\p{L}\\p{M}]*)` +
    String.raw`|(?<number>[#$£¥€]?\p{Nd}+(?:[.,/:+\-،٫٬]\p{Nd}+)*[%‰°$£¥€٪]?)|(?<neutral>.)`,
  "gsu",
);

/** Letters of one direction must be this many times those of the other to decide where a line begins. */
const clearMajority = 2;

/** A page of PDFium's text, its lines as people read them. */
export function toLogicalOrder(page: string): string {
  if (!hasRight.test(page)) return page;
  const isPageRight = shareOfRight(page) > 1;
  return page.replace(/[^\n\ufffe]+/g, (line) => {
    if (!hasRight.test(line)) return line;
    const share = shareOfRight(line);
    const isUnclear = share < clearMajority && share > 1 / clearMajority;
    const pieces = cut(toVisualOrder(line), words);
    const units = (isUnclear ? isPageRight : share > 1) ? readFromRight(pieces) : readFromLeft(pieces);
    // A letter's points come in the order in which they are drawn.
    return joinUnits(units).normalize("NFC");
  });
}

/** Right-to-left letters for each other letter. */
function shareOfRight(text: string): number {
  return countOf(text, rightLetters) / countOf(text, leftLetters);
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

type Piece = { kind: string; text: string };

/** `pattern` has a named group for each kind, and matches everything. */
function cut(text: string, pattern: RegExp): Piece[] {
  return [...text.matchAll(pattern)].map(({ 0: found, groups = {} }) => {
    const [kind = ""] = Object.entries(groups).find(([, matched]) => matched !== undefined) ?? [];
    return { kind, text: found };
  });
}

/** The line from left to right, as it is seen. */
function toVisualOrder(line: string): string {
  const pieces = cut(line, pdfiumPieces);
  const countKind = (kind: string) => pieces.filter((piece) => piece.kind === kind).length;
  const isReversed = countKind("right") >= countKind("left");
  let isRight = isReversed;
  const seen = pieces.map(({ kind, text }) => {
    if (kind === "weak") return text;
    isRight = kind === "right" || (kind === "neutral" && isRight);
    return isRight ? mirror(reverse(text)) : text;
  });
  return (isReversed ? seen.toReversed() : seen).join("");
}

/** Text in reading order. `isTurned`: it was between right-to-left words, where brackets are mirrored. */
type Unit = { text: string; isTurned: boolean };

function readFromRight(pieces: readonly Piece[]): Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at < pieces.length; ) {
    const end = endOfRun(pieces, at, "left");
    const text = joinPieces(pieces.slice(at, end));
    const isRight = pieces[at]?.kind === "right";
    units.push({ text: isRight ? reverse(text) : text, isTurned: pieces[at]?.kind === "neutral" });
    at = end;
  }
  return units.toReversed();
}

function readFromLeft(pieces: readonly Piece[]): Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at < pieces.length; ) {
    const end = endOfRun(pieces, at, "right");
    const run = pieces.slice(at, end);
    const isRight = pieces[at]?.kind === "right";
    units.push(...(isRight ? readFromRight(run) : [{ text: joinPieces(run), isTurned: false }]));
    at = end;
  }
  return units;
}

/** Where the run ends that a word of this direction begins. Numbers and what is between its words belong to it. */
function endOfRun(pieces: readonly Piece[], start: number, direction: "left" | "right"): number {
  if (pieces[start]?.kind !== direction) return start + 1;
  const other = direction === "left" ? "right" : "left";
  let end = start + 1;
  for (let at = start + 1; at < pieces.length && pieces[at]?.kind !== other; at += 1) {
    const isNumberOfRun = direction === "left" && pieces[at]?.kind === "number";
    if (pieces[at]?.kind === direction || isNumberOfRun) end = at + 1;
  }
  return end;
}

function joinPieces(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join("");
}

/** Some programs store a bracket as it is seen, others as it is read. The brackets of a line tell which. */
function joinUnits(units: readonly Unit[]): string {
  const asStored = units.map(({ text }) => text).join("");
  const mirrored = units.map(({ text, isTurned }) => (isTurned ? mirror(text) : text)).join("");
  return hasPairs(asStored) && !hasPairs(mirrored) ? asStored : mirrored;
}

const brackets = "()[]{}<>«»";

function mirror(text: string): string {
  return text.replace(/[()[\]{}<>«»]/g, (bracket) => brackets[brackets.indexOf(bracket) ^ 1] ?? bracket);
}

function hasPairs(text: string): boolean {
  const open: number[] = [];
  for (const [bracket] of text.matchAll(/[()[\]{}<>«»]/g)) {
    const index = brackets.indexOf(bracket);
    if (index % 2 === 0) open.push(index);
    else if (open.pop() !== index - 1) return false;
  }
  return open.length === 0;
}

function reverse(text: string): string {
  return [...text].toReversed().join("");
}
