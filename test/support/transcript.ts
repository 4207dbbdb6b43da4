import { v7 as uuidv7 } from "uuid";
import { connectSql } from "./sql.ts";

export type SeededMessage = {
  role?: "user" | "assistant" | "tool";
  visibility?: "shared" | "private";
  status?: "completed" | "failed";
  content?: string;
  agentKey?: string;
  error?: { code: string; message: string };
  /** Place in the list of the message that this one supersedes. */
  supersedes?: number;
};

/** Stores a session's first turn with these messages, in order, as a commit would; gives the ids. */
export async function seedTurn(
  sessionId: string,
  seeded: readonly SeededMessage[],
  status: "completed" | "failed" = "completed",
): Promise<{ turnId: string; messageIds: string[] }> {
  const sql = connectSql();
  const turnId = uuidv7();
  const ids = seeded.map(() => uuidv7());
  const statements = seeded.map(
    (message, index) => sql`
      insert into messages (id, session_id, turn_id, run_id, seq, role, agent_key, agent_name, visibility, status,
        error, content, supersedes_id, created_at)
      values (${ids[index]}, ${sessionId}, ${turnId}, ${turnId}, ${index + 1}, ${message.role ?? "assistant"},
        ${message.agentKey ?? null}, ${message.agentKey ?? null}, ${message.visibility ?? "shared"},
        ${message.status ?? "completed"}, ${message.error ? JSON.stringify(message.error) : null}::jsonb,
        ${message.content ?? `message ${index + 1}`},
        ${message.supersedes === undefined ? null : ids[message.supersedes]}, now())`,
  );
  await sql.transaction([
    sql`insert into turns (id, session_id, turn_index, mode, user_input, assistant_output, status,
        model_alias_used, created_at)
      values (${turnId}, ${sessionId}, 1, 'tag', 'hello', 'hello', ${status}, 'llama', now())`,
    sql`insert into turn_runs (id, turn_id, session_id, kind, request_hash, committed_by, created_at)
      values (${turnId}, ${turnId}, ${sessionId}, 'turn', 'hash', ${uuidv7()}, now())`,
    ...statements,
  ]);
  return { turnId, messageIds: ids };
}
