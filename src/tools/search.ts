import { readJsonObject } from "../domain/text/model-json.ts";
import { toOneLine } from "../domain/text/one-line.ts";
import { afterLeadingTags } from "../domain/text/tag-grammar.ts";
import type { JsonRecord } from "../domain/tool.ts";
import { askTavily, type TavilyOptions } from "./tavily/ask-tavily.ts";
import type { SearchResult } from "./tavily/results.ts";
import type { SearchFailure } from "./tavily/send-search.ts";
import type { ArgumentsReading, Tool, ToolResult } from "./tool.ts";

/** `query`: 1 to 400 characters, one line. */
export type SearchArguments = { query: string };

/** Tavily refuses longer ones. */
const maxQuery = 400;
const maxArguments = 16_384;

const prefix = /search(?::|\s+for\s)/iy;

/** Web search through Tavily. Without a key every search fails with `search_not_configured`. */
export function createSearchTool(options: TavilyOptions): Tool<SearchArguments> {
  return {
    name: "search",
    description: "Searches the web and gives up to five results: title, URL and snippet.",
    parameters: {
      type: "object",
      properties: {
        query: {
          type: "string",
          description: `What to search the web for, at most ${maxQuery} characters.`,
        },
      },
      required: ["query"],
      additionalProperties: false,
    },
    readArguments: readSearchArguments,
    readTrigger: readSearchTrigger,
    async execute({ query }, { signal }) {
      const outcome = await askTavily(query, options, signal);
      const input = { query };
      if (outcome.ok) return found(input, outcome.results, outcome.attempts);
      const { failure, httpStatus, attempts } = outcome;
      return {
        status: "error",
        content: failureTexts[failure],
        input,
        output: { error: failure, http_status: httpStatus, attempts },
      };
    },
  };
}

function readSearchArguments(text: string): ArgumentsReading<SearchArguments> {
  if (text.length > maxArguments) return { ok: false, message: "The arguments are too long." };
  const reading = readJsonObject(text);
  if (reading.kind !== "object") {
    return { ok: false, message: 'The arguments must be a JSON object like {"query": "…"}.' };
  }
  if (typeof reading.fields.query !== "string") return { ok: false, message: "`query` must be a string." };
  const query = toOneLine(reading.fields.query, maxQuery);
  return query === "" ? { ok: false, message: "`query` must not be empty." } : { ok: true, args: { query } };
}

/** Reads `search: query` or `search for query`, in any case, after leading tags. */
function readSearchTrigger(message: string): SearchArguments | null {
  const words = afterLeadingTags(message);
  prefix.lastIndex = 0;
  if (!prefix.test(words)) return null;
  const query = toOneLine(words.slice(prefix.lastIndex), maxQuery);
  return query === "" ? null : { query };
}

function found(input: JsonRecord, results: readonly SearchResult[], attempts: number): ToolResult {
  const blocks = results.map(({ title, url, snippet }, index) =>
    [`${index + 1}. ${title}`, url, snippet].filter((line) => line !== "").join("\n   "),
  );
  return {
    status: "success",
    content: blocks.length === 0 ? "The web search found nothing." : blocks.join("\n\n"),
    input,
    output: { results: results.length, urls: results.map(({ url }) => url), attempts },
  };
}

/** Texts for the model. None is a provider's text, which may hold anything. */
const failureTexts: Record<SearchFailure, string> = {
  search_not_configured: "Web search is not configured.",
  search_timeout: "The web search did not answer in time.",
  search_unreachable: "The web search could not be reached.",
  search_unauthorized: "The web search refused this deployment's API key.",
  search_rate_limited: "The web search has reached its limit for now.",
  search_failed: "The web search failed.",
  search_bad_response: "The web search sent an answer that cannot be read.",
  search_aborted: "The web search was stopped before it answered.",
};
