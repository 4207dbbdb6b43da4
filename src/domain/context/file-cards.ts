import type { FileCard, TurnFiles } from "../files/turn-files.ts";
import { toOneLine } from "../text/one-line.ts";
import { fenceFileCards } from "./untrusted-text.ts";

/** The room's files in a prompt. `notListed`: files for which there is no card. `text` null: there is no room for any. */
export type ShownFiles = { text: string | null; listed: number; notListed: number };

/** Cards of the newest files, as many as fit `maxTokens`. Null: the room has no files. */
export function showFileCards(
  { cards, total }: Pick<TurnFiles, "cards" | "total">,
  maxTokens: number,
  estimateTokens: (text: string) => number,
): ShownFiles | null {
  if (total === 0) return null;
  const lines: string[] = [];
  let left = maxTokens - frameTokens;
  if (left < 0) return { text: null, listed: 0, notListed: total };
  for (const card of cards) {
    const line = toLine(card);
    left -= estimateTokens(line);
    if (left < 0) break;
    lines.push(line);
  }
  const listed = lines.length;
  const notListed = total - listed;
  return { text: fenceFileCards(lines.join("\n"), notListed), listed, notListed };
}

/** Estimated tokens of the text around the cards. */
const frameTokens = 150;

const maxName = 255;
const maxPreview = 300;

function toLine({ id, name, status, errorCode, pageCount, tokens, preview }: FileCard): string {
  const file = { file_id: id, name: toOneLine(name, maxName) };
  switch (status) {
    case "pending":
    case "parsing":
      return JSON.stringify({ ...file, status: "pending" });
    case "failed":
      return JSON.stringify({ ...file, status: "failed", error: errorCode });
    case "ready": {
      const beginning = toOneLine(preview ?? "", maxPreview);
      return JSON.stringify({ ...file, pages: pageCount, tokens, beginning });
    }
  }
}
