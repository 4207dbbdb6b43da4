import { cjkLetters, cjkPunctuation } from "./scripts.ts";

/** Replaces a character that is quoted, code or part of a URL. */
const mask = "\uFFFC";

/**
 * The message with quoted and literal text masked: code fences, lines that begin with `>`, code spans and URLs. It has
 * the length of the message, so that an index in it is an index in the message. Takes linear time.
 */
export function maskLiteralText(message: string): string {
  return maskUrls(maskCodeSpans(maskBlocks(message)));
}

const lineWithEnd = /[^\r\n]*(?:\r\n|\r|\n|$)/g;
const fenceLine = /^[ \t]*(`{3,}(?=[^`]*$)|~{3,})/;

/** Masks fences and quoted lines. A fence that is never closed reaches to the end of the message. */
function maskBlocks(message: string): string {
  let fence: string | null = null;
  return message.replace(lineWithEnd, (line) => {
    const text = line.trimEnd();
    const mark = fenceLine.exec(text)?.[1];
    if (fence === null) {
      if (mark === undefined) return text.trimStart().startsWith(">") ? maskWords(line) : line;
      fence = mark;
    } else if (closesFence(text.trimStart(), fence)) fence = null;
    return maskWords(line);
  });
}

function closesFence(text: string, fence: string): boolean {
  return text.length >= fence.length && text === fence.charAt(0).repeat(text.length);
}

/** Line ends are not masked: later steps need to know where lines begin. */
function maskWords(text: string): string {
  return text.replace(/[^\r\n]/g, mask);
}

type Backticks = { start: number; length: number };

/**
 * A code span ends at the next run of as many backticks in the same paragraph. Each run is read once as an opening and
 * once as a closing one, so the time is linear for any message.
 */
function maskCodeSpans(text: string): string {
  const runs = [...text.matchAll(/`+/g)].map((run) => ({ start: run.index, length: run[0].length }));
  if (runs.length < 2) return text;
  const paragraphEnds = [...text.matchAll(/(?:\r\n|\r|\n)[ \t]*(?=\r|\n)/g)].map(({ index }) => index);
  const closings = new Map(
    [...Map.groupBy(runs, ({ length }) => length)].map(([length, sameLength]) => [
      length,
      { sameLength, next: 0 },
    ]),
  );
  const parts: string[] = [];
  let end = 0;
  let paragraph = 0;
  for (const run of runs) {
    const opening = withoutEscaped(text, run);
    if (run.start < end || opening.length === 0) continue;
    while ((paragraphEnds[paragraph] ?? text.length) < opening.start) paragraph += 1;
    const closing = nextClosing(closings.get(opening.length), opening.start);
    if (closing === undefined || closing.start > (paragraphEnds[paragraph] ?? text.length)) continue;
    const begin = end;
    end = closing.start + closing.length;
    parts.push(text.slice(begin, opening.start), maskWords(text.slice(opening.start, end)));
  }
  return parts.join("") + text.slice(end);
}

/** A backslash escapes the first backtick of a run. */
function withoutEscaped(text: string, { start, length }: Backticks): Backticks {
  return text[start - 1] === "\\" ? { start: start + 1, length: length - 1 } : { start, length };
}

type Closings = { sameLength: readonly Backticks[]; next: number };

/** Openings come in order, so closings before this one are never read again. */
function nextClosing(closings: Closings | undefined, after: number): Backticks | undefined {
  if (closings === undefined) return undefined;
  const { sameLength } = closings;
  while (closings.next < sameLength.length && (sameLength[closings.next]?.start ?? 0) <= after)
    closings.next += 1;
  return sameLength[closings.next];
}

/** A scheme, `www.`, or a domain with a path. */
const urlBeginning =
  /(?<=[A-Za-z0-9+.-]):\/\/|(?<![A-Za-z0-9])www\.|(?<![A-Za-z0-9._@/-])[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?::\d+)?\//g;
const urlPart = new RegExp(`[^\\s<>"\`{}|\\\\^()\\[\\]${mask}${cjkPunctuation}]+|[()[\\]]`, "uy");

/** Of a URL only its `@` are masked. After a CJK letter an `@` is not masked: the URL ended before it. */
const urlAt = new RegExp(`(?<![${cjkLetters}])@`, "gu");

function maskUrls(text: string): string {
  const parts: string[] = [];
  let end = 0;
  for (;;) {
    urlBeginning.lastIndex = end;
    const beginning = urlBeginning.exec(text);
    if (beginning === null) return parts.join("") + text.slice(end);
    parts.push(text.slice(end, beginning.index));
    end = urlEnd(text, beginning.index + beginning[0].length);
    parts.push(text.slice(beginning.index, end).replace(urlAt, mask));
  }
}

/** A URL ends at a bracket that was not opened in it, as in `[text](url)`. */
function urlEnd(text: string, start: number): number {
  let end = start;
  let depth = 0;
  for (;;) {
    urlPart.lastIndex = end;
    const part = urlPart.exec(text)?.[0];
    if (part === undefined) return end;
    if (part === "(" || part === "[") depth += 1;
    else if (part === ")" || part === "]") depth -= 1;
    if (depth < 0) return end;
    end += part.length;
  }
}
