import { inject } from "vitest";
import type { SearchJournalEntry, SearchScript } from "./node/search-script.ts";

export type SearchScenario = ReturnType<typeof newSearchScenario>;

/** A search server of a test's own: what it answers, and what it was asked. */
export function newSearchScenario() {
  const baseUrl = `${inject("searchServer")}/s/${crypto.randomUUID()}`;
  const journal = async (): Promise<SearchJournalEntry[]> => (await fetch(`${baseUrl}/journal`)).json();
  return {
    /** For `TAVILY_BASE_URL`. */
    baseUrl,
    async script(script: SearchScript): Promise<void> {
      await (await fetch(`${baseUrl}/script`, { method: "PUT", body: JSON.stringify(script) })).text();
    },
    journal,
    /** The journal once every answer is over, which the server may see later than its client. */
    async settledJournal(): Promise<SearchJournalEntry[]> {
      for (;;) {
        const entries = await journal();
        if (entries.every(({ settled }) => settled)) return entries;
      }
    },
  };
}
