import { cutCharacters } from "../text/cut-text.ts";
import { jsonBytes } from "../text/json-bytes.ts";
import { afterLeadingTags } from "../text/tag-grammar.ts";
import { maxToolContentBytes, turnBounds } from "../turn/turn-limiter.ts";
import type { FilePage, RoomFile } from "./file-library.ts";
import { maxPagesOfResult, pageBytes } from "./fit-pages.ts";
import { type Attachment, attachmentBounds, type MentionedFile } from "./turn-files.ts";

/** What an agent's prompt may hold: tokens of its input, and the factor of its model's estimates. */
export type AttachmentBudget = { inputBudget: number; tokenScale: number };

/**
 * The files that a message attaches by its first words, after leading tags: `file:` and an id or a name as it is stored,
 * which may be in double quotes. Of files with the same name the first is taken. A word that names no file is an attachment
 * of no file. A text is attached whole or not at all; `budgets` are those of the agents that may read it.
 */
export function readAttachments(
  message: string,
  files: readonly MentionedFile[],
  budgets: readonly AttachmentBudget[],
): Attachment[] {
  const references = readReferences(message, files);
  let tokens = 0;
  let parts = references.length;
  return references.map(({ text, found }) => {
    const { file, pages } = found ?? { file: undefined, pages: null };
    const unattached = { fileId: file?.id ?? text, file };
    if (file?.status !== "ready" || file.tokens === 0) return { ...unattached, kind: "unreadable" };
    const allTokens = tokens + (file.tokens ?? 0);
    const isFitting = budgets.every(
      ({ inputBudget, tokenScale }) => allTokens * tokenScale <= inputBudget * attachmentBounds.budgetShare,
    );
    const groups = pages === null ? undefined : groupPages(file, pages);
    const isShort = groups !== undefined && parts - 1 + groups.length <= turnBounds.maxToolCallsPerAnswer;
    if (!isFitting || !isShort || pages === null) return { ...unattached, kind: "too_long" };
    tokens = allTokens;
    parts += groups.length - 1;
    return { ...unattached, kind: "whole", pages, parts: groups };
  });
}

type Reference = { text: string; found: MentionedFile | undefined };

const prefix = /^file:[ \t]?/i;

function readReferences(message: string, files: readonly MentionedFile[]): Reference[] {
  const references: Reference[] = [];
  let rest = afterLeadingTags(message);
  while (references.length < attachmentBounds.files) {
    const [mark] = prefix.exec(rest) ?? [];
    if (mark === undefined) break;
    const words = rest.slice(mark.length);
    const reference = findReference(words, files) ?? (mark.endsWith(":") ? unknownReference(words) : null);
    if (reference === null) break;
    rest = words.slice(reference.text.length).replace(/^[\s,;]+/u, "");
    const { found } = reference;
    const isNew = found === undefined || references.every((other) => other.found !== found);
    if (isNew) references.push({ ...reference, text: cutCharacters(reference.text, maxShownReference) });
  }
  return references;
}

/** Characters of a reference to no file, as its record has them. */
const maxShownReference = 64;

/** The longest of the ids and names with which the words begin. */
function findReference(words: string, files: readonly MentionedFile[]): Reference | null {
  let longest: Reference | null = null;
  for (const found of files) {
    const { id, name } = found.file;
    const written = [id, name, `"${name}"`].find((text) => beginsWith(words, text, text === id));
    if (written === undefined || written.length <= (longest?.text.length ?? 0)) continue;
    longest = { text: words.slice(0, written.length), found };
  }
  return longest;
}

/** What may follow a reference: the end, a blank, or punctuation before one of them. */
const afterReference = /^(?:$|[\s,;]|[.:!?)]+(?:\s|$))/u;

function beginsWith(words: string, text: string, isId: boolean): boolean {
  const start = words.slice(0, text.length);
  return (isId ? start.toLowerCase() : start) === text && afterReference.test(words.slice(text.length));
}

function unknownReference(words: string): Reference | null {
  const [text] = /^\S+/u.exec(words) ?? [];
  return text === undefined ? null : { text, found: undefined };
}

/** Bytes of a result beside its pages and the file's name. */
const headerBytes = 512;

/** Ranges of pages that each fit into one result; undefined where a page does not. */
function groupPages({ name }: RoomFile, pages: readonly FilePage[]): [number, number][] | undefined {
  const maxBytes = maxToolContentBytes - headerBytes - jsonBytes(JSON.stringify(name));
  const groups: [number, number][] = [];
  let bytes = 0;
  for (const { page, text } of pages) {
    const size = pageBytes(text);
    const last = groups.at(-1);
    if (size > maxBytes) return undefined;
    if (last !== undefined && bytes + size <= maxBytes && page - last[0] < maxPagesOfResult) last[1] = page;
    else groups.push([page, page]);
    bytes = last === groups.at(-1) ? bytes + size : size;
  }
  return groups;
}
