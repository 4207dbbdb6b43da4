import type { TestUser } from "../../../support/api.ts";
import type { TurnScene } from "../../../support/turn-scene.ts";

export type RetryOptions = { key?: string; user?: TestUser; body?: unknown };

export function retry(
  scene: TurnScene,
  turnId: string,
  { key, user = scene.owner, body }: RetryOptions = {},
) {
  const headers = key === undefined ? {} : { "Idempotency-Key": key };
  return scene.api.as(user).post(`${scene.turnsPath}/${turnId}/retry`, body, { headers });
}

/** The messages that everyone sees, and with them what a retry replaced. */
export async function transcripts({ api, owner, sessionId }: TurnScene) {
  const client = api.as(owner);
  const [currentReply, all] = await Promise.all([
    client.get(`/sessions/${sessionId}/messages`),
    client.get(`/sessions/${sessionId}/messages?include=superseded`),
  ]);
  return { currentReply: currentReply.body.data, all: all.body.data };
}

export const runsOf = ({ sql, sessionId }: TurnScene) =>
  sql`select * from turn_runs where session_id = ${sessionId} order by created_at, id`;
