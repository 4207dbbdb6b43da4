import { sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { messages } from "../schema.ts";
import { messageBytes } from "./turn-rows.ts";

const maxMessages = 400;
/** Bytes of the messages' texts as JSON. */
const maxContentBytes = 2 * 1024 * 1024;

/** A message that everyone in the session may see. */
export type LatestMessage = {
  id: string;
  role: "user" | "assistant";
  agentKey: string | null;
  agentName: string | null;
  status: "completed" | "failed";
  content: string;
  /** Of a failed reply: the text that had arrived when its turn was cancelled. */
  partial: string | null;
};

/**
 * The latest shared messages of the user's session, oldest first, without what a retry superseded. Bounded, so that the
 * answer does not grow with the session. Empty where the session is not the user's.
 */
export async function loadLatestMessages(
  db: Db,
  { sessionId, userId }: { sessionId: string; userId: string },
): Promise<LatestMessage[]> {
  const latest = sql`
    select id, role, agent_key as "agentKey", agent_name as "agentName", status, content, partial
    from (
      select m.*, sum(${messageBytes({ content: sql`m.content`, partial: sql`m.partial` })}) over (order by m.seq desc) as bytes
      from (
        select l.*, sum(octet_length(l.content)) over (order by l.seq desc) as raw
        from (
          select * from ${messages} n
          where n.session_id = ${sessionId} and n.visibility = 'shared' and n.deleted_at is null and n.role in ('user', 'assistant')
            and not exists (select 1 from ${messages} later where later.supersedes_id = n.id)
            and ${ownsSession(sessionId, userId)}
          order by n.seq desc limit ${maxMessages}
        ) l
      ) m
      where m.raw <= ${maxContentBytes}
    ) w
    where w.bytes <= ${maxContentBytes}
    order by w.seq`;
  const { rows } = await askDatabase(db, () => db.execute<LatestMessage>(latest));
  return rows;
}
