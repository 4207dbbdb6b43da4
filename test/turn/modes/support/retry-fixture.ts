import type { TestUser } from "../../../support/api.ts";
import type { TurnFixture } from "../../../support/turn-fixture.ts";

export type RetryOptions = { key?: string; user?: TestUser; body?: unknown };

export function retry(
  fixture: TurnFixture,
  turnId: string,
  { key, user = fixture.owner, body }: RetryOptions = {},
) {
  const headers = key === undefined ? {} : { "Idempotency-Key": key };
  return fixture.api.as(user).post(`${fixture.turnsPath}/${turnId}/retry`, body, { headers });
}

/** The messages that everyone sees, and with them what a retry replaced. */
export async function transcripts({ api, owner, sessionId }: TurnFixture) {
  const client = api.as(owner);
  const [currentReply, all] = await Promise.all([
    client.get(`/sessions/${sessionId}/messages`),
    client.get(`/sessions/${sessionId}/messages?include=superseded`),
  ]);
  return { currentReply: currentReply.body.data, all: all.body.data };
}

export const runsOf = ({ sql, sessionId }: TurnFixture) =>
  sql`select * from turn_runs where session_id = ${sessionId} order by created_at, id`;
