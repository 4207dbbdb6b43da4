import {
  type SearchCall,
  type SearchServer,
  searchBody,
  sendJson,
  startSearchServer,
  type TavilyResult,
} from "./server.ts";

/** What the local Worker is given as its key for the demo server. */
export const demoSearchKey = "demo";

const demoLabel = "[demo search]";
const angles = ["An overview", "The arguments on both sides", "What was asked most often"];

/** The search server that is used without a key. Its results are deterministic, and say that they are a demo. */
export function startDemoSearchServer({ port = 0 }: { port?: number } = {}): Promise<SearchServer> {
  return startSearchServer({
    port,
    async answer(call, response) {
      const refusal = refuse(call);
      if (refusal) sendJson(response, refusal.status, { detail: { error: refusal.error } });
      else sendJson(response, 200, searchBody(call.query, demoResults(call.query)));
    },
  });
}

/** Three made-up results; their addresses are under a name that is reserved for examples. */
function demoResults(query: string): TavilyResult[] {
  const words = query.replace(/\s+/g, " ").trim();
  const slug =
    words
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu)
      ?.slice(0, 8)
      .join("-") ?? "nothing";
  return angles.map((angle, index) => ({
    title: `${demoLabel} ${angle}: ${words}`,
    url: `https://example.com/demo-search/${encodeURIComponent(slug)}/${index + 1}`,
    content: `${demoLabel} A canned result for "${words}", not from the web. Set TAVILY_API_KEY to search it.`,
  }));
}

function refuse({ authorization, query }: SearchCall): { status: number; error: string } | null {
  if (!authorization?.startsWith("Bearer ")) return { status: 401, error: "missing or invalid API key" };
  return query === "" ? { status: 400, error: "query is missing" } : null;
}
