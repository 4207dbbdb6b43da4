import { fileKey } from "../../../../src/domain/files/file-store.ts";
import { createR2Store } from "../../../../src/storage/r2-store.ts";
import { bucket } from "../../../files/support.ts";
import { newUser, type TestUser } from "../../../support/api.ts";
import { connectSql } from "../../../support/sql.ts";
import { seedTurn } from "../../../support/transcript.ts";
import { insertRoom } from "../../../support/turn-fixture.ts";

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
  const { turnId, messageIds } = await seedTurn(
    sessionId,
    [{ role: "user" }, { agentKey, status: "failed", error }],
    "failed",
  );
  const fileId = await seedFile(roomId, user.userId);
  const keyId = crypto.randomUUID();
  await sql`insert into api_keys (id, user_id, name, hash, ending, created_at)
    values (${keyId}, ${user.userId}, 'a key', ${keyId}, 'abcd', now())`;
  const ids = {
    room_id: roomId,
    agent_key: agentKey,
    session_id: sessionId,
    turn_id: turnId,
    message_id: messageIds[0] ?? "",
    file_id: fileId,
    user_id: user.userId,
    key_id: keyId,
    chat_id: "a-chat",
  };
  return { user, ids };
}

async function seedFile(roomId: string, userId: string): Promise<string> {
  const sql = connectSql();
  const fileId = crypto.randomUUID();
  await createR2Store(bucket).put(fileKey(fileId), new Blob(["secret"]).stream(), 6);
  await sql`insert into files (id, room_id, user_id, name, media_type, bytes, sha256, status, created_at, pending_since)
    values (${fileId}, ${roomId}, ${userId}, 'a.txt', 'text/plain', 6, ${fileId}, 'failed', now(), now())`;
  return fileId;
}

/** Well-formed, and nobody's. */
export function nameNothing(): Record<string, string> {
  const ids = ["room_id", "session_id", "turn_id", "message_id", "file_id", "key_id"].map((name) => [
    name,
    crypto.randomUUID(),
  ]);
  return { ...Object.fromEntries(ids), agent_key: "nobody", user_id: "nobody", chat_id: "nothing" };
}
