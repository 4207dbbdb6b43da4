import { mintToken } from "./api.ts";
import type { ModelRule } from "./models.ts";
import { createTurnFixture, type FixtureOptions } from "./turn-fixture.ts";
import { until } from "./until.ts";

export type StreamFixture = Awaited<ReturnType<typeof createStreamFixture>>;

/** What streaming tests look at in a TurnRead. */
export type StoredTurn = {
  id: string;
  status: string;
  user_input: string;
  assistant_output: string;
  replies: {
    message_id: string;
    agent_key: string;
    agent_name: string;
    status: string;
    content: string;
    partial?: string;
    error: { code: string; message: string } | null;
  }[];
};

/** A fixture whose answers are read as they come, and which knows what goes on when nobody reads them. */
export async function createStreamFixture(options: FixtureOptions, ...rules: ModelRule[]) {
  const fixture = await createTurnFixture(options);
  await fixture.models.script(...rules);
  const token = await mintToken({ sub: fixture.owner.userId, email: fixture.owner.email });
  const send = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fixture.api.request(`/api/v1/sessions/${fixture.sessionId}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
    });
  return {
    ...fixture,
    token,
    /** Posts to a path of the session. */
    send,
    stream: (message: string, headers: Record<string, string> = {}) =>
      send("/turns/stream", { message }, headers),
    turns: async (): Promise<StoredTurn[]> => (await fixture.list()).body.data,
    calls: async () => (await fixture.models.journal()).length,
    /** Resolves once the session runs nothing any more. */
    settled: () => until("the run is over", async () => (await fixture.claim()) === undefined),
  };
}
