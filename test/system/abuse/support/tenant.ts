import { newUser, type TestUser } from "../../../support/api.ts";
import { connectSql } from "../../../support/sql.ts";
import { seedTurn } from "../../../support/transcript.ts";
import { insertRoom } from "../../../support/turn-scene.ts";

/** Somebody, and one of everything that a path can name, all of it theirs. */
export type Tenant = { user: TestUser; ids: Record<string, string> };

/** The tenant's one agent failed in its one turn, so that everything can be asked for, a retry too. */
export async function seedTenant(agentKey: string): Promise<Tenant> {
  const sql = connectSql();
  const user = newUser();
  const [roomId, sessionId] = [crypto.randomUUID(), crypto.randomUUID()];
  const roster = [{ key: agentKey, modelAlias: "llama" }];
  await sql.transaction(insertRoom(sql, { owner: user, roomId, sessionId, mode: "tag", roster }));
  const error = { code: "model_error", message: "The provider answered with an error." };
  const { turnId } = await seedTurn(
    sessionId,
    [{ role: "user" }, { agentKey, status: "failed", error }],
    "failed",
  );
  return { user, ids: { room_id: roomId, agent_key: agentKey, session_id: sessionId, turn_id: turnId } };
}

/** Well-formed, and nobody's. */
export function nameNothing(): Record<string, string> {
  const ids = ["room_id", "session_id", "turn_id"].map((name) => [name, crypto.randomUUID()]);
  return { ...Object.fromEntries(ids), agent_key: "nobody" };
}
