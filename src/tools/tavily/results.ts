import { readJsonObject } from "../../domain/text/model-json.ts";
import { toOneLine } from "../../domain/text/one-line.ts";

/** One line each; `title` 1 to 200 characters, `snippet` up to 500, `url` http(s). */
export type SearchResult = { title: string; url: string; snippet: string };

export const maxResults = 5;
const maxTitle = 200;
const maxSnippet = 500;
/** A result with a longer URL is left out, since a cut URL does not work. */
const maxUrl = 1_024;

/** Reads the body of Tavily's answer. Null: it is none. Results without a usable URL are left out. */
export function readResults(body: string): SearchResult[] | null {
  const reading = readJsonObject(body);
  if (reading.kind !== "object" || !Array.isArray(reading.fields.results)) return null;
  const entries: readonly unknown[] = reading.fields.results;
  return entries.flatMap((entry) => readResult(entry) ?? []).slice(0, maxResults);
}

function readResult(entry: unknown): SearchResult | null {
  if (typeof entry !== "object" || entry === null || !("url" in entry)) return null;
  const url = readUrl(entry.url);
  if (url === null) return null;
  const title = "title" in entry ? readText(entry.title, maxTitle) : "";
  const snippet = "content" in entry ? readText(entry.content, maxSnippet) : "";
  return { title: title || new URL(url).hostname, url, snippet };
}

/** The URL as the parser writes it: no white space, no control characters, ASCII only. */
function readUrl(value: unknown): string | null {
  if (typeof value !== "string" || !URL.canParse(value)) return null;
  const { protocol, href } = new URL(value);
  return (protocol === "http:" || protocol === "https:") && href.length <= maxUrl ? href : null;
}

function readText(value: unknown, characters: number): string {
  return typeof value === "string" ? toOneLine(value, characters) : "";
}
