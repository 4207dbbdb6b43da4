import type { ModelAnswer } from "../../support/models.ts";
import { newSearchScenario } from "../../support/search-scenario.ts";
import { createStreamFixture } from "../../support/streams.ts";
import type { FixtureOptions } from "../../support/turn-fixture.ts";

export type ToolFixture = Awaited<ReturnType<typeof createToolFixture>>;

type Permissions = Readonly<Record<string, readonly string[]>>;

/** A fixture with a search server of its own. `permissions`: default `search` for everybody. */
export async function createToolFixture({
  permissions,
  ...options
}: FixtureOptions & { permissions?: Permissions } = {}) {
  const search = newSearchScenario();
  const settings = { TAVILY_BASE_URL: search.baseUrl, TAVILY_API_KEY: "tavily-key", ...options.settings };
  const fixture = await createStreamFixture({ ...options, settings });
  const { sql, roomId, sessionId } = fixture;
  /** Stores permissions as they are, past the application. */
  const permit = async (agentKey: string, json: string) => {
    await sql`update room_agents set tool_permissions = ${json}::jsonb
      where room_id = ${roomId} and agent_key = ${agentKey}`;
  };
  if (permissions === undefined) {
    await sql`update room_agents set tool_permissions = '["search"]'::jsonb where room_id = ${roomId}`;
  }
  for (const [agentKey, names] of Object.entries(permissions ?? {})) {
    await permit(agentKey, JSON.stringify(names));
  }
  return {
    ...fixture,
    search,
    permit,
    /** The queries that reached the search server, in order of arrival. */
    searched: async () => (await search.journal()).map(({ query }) => query),
    toolRows: () =>
      sql`select * from tool_call_events where session_id = ${sessionId} order by created_at, round, place, id`,
    /** The ledger's rows as `agent round`, sorted: ids of the ledger tell no order. */
    async rounds(): Promise<string[]> {
      return (await fixture.ledger()).map(({ agent_key, round }) => `${agent_key} ${round}`).toSorted();
    },
    privateMessages: () =>
      sql`select * from messages where session_id = ${sessionId} and visibility = 'private' order by seq`,
  };
}

export const query = (text: string) => JSON.stringify({ query: text });

/** An answer that asks for a search of each of these. */
export function searchesFor(...queries: string[]): ModelAnswer {
  return { tool_calls: queries.map((text) => ({ name: "search", arguments: query(text) })) };
}

/** An answer that calls a tool with exactly these arguments. */
export function calls(name: string, args = "{}"): ModelAnswer {
  return { tool_calls: [{ name, arguments: args }] };
}

/** The texts of the messages of one model call with this role. */
export function textsOf(call: { messages: { role: string; content: string }[] } | undefined, role: string) {
  return (call?.messages ?? []).flatMap((message) => (message.role === role ? [message.content] : []));
}

/** Everything that one model call was told. */
export function promptOf(call: { messages: unknown } | undefined): string {
  return JSON.stringify(call?.messages ?? null);
}

export function durationOf(serverTiming: string | null, part: string): number {
  return Number(new RegExp(`\\b${part};dur=(\\d+)`).exec(serverTiming ?? "")?.[1]);
}
