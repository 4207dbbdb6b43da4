import { desc, type SQL, sql } from "drizzle-orm";
import type { AdminEventKind } from "../../domain/billing/admin-event.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { adminEvents } from "../schema.ts";

export type AdminEvent = {
  id: string;
  actor: string;
  kind: AdminEventKind;
  /** The user whose money it is about. */
  userId: string | null;
  details: Record<string, unknown>;
  createdAt: Date;
};

/** @param source further clauses: the event is stored where they give a row. */
export function insertAdminEvent(event: AdminEvent, source: SQL = sql``): SQL {
  const { id, actor, kind, userId, details, createdAt } = event;
  return sql`insert into ${adminEvents} (id, actor, kind, user_id, details, created_at)
    select ${id}::uuid, ${actor}::text, ${kind}::text, ${userId}::text, ${JSON.stringify(details)}::jsonb,
      ${createdAt.toISOString()}::timestamptz ${source}`;
}

/** What operators did, newest first. */
export async function loadAdminEvents(db: Db, page: PageRequest): Promise<Page<AdminEvent>> {
  const after = page.after ?? null;
  const isCursor = sql`${adminEvents.id} = ${after}::uuid`;
  const isBeyond = sql`(${adminEvents.createdAt}, ${adminEvents.id}) <
    (select c.created_at, c.id from ${adminEvents} c where c.id = ${after}::uuid)`;
  const [cursor, rows] = await askDatabase(db, () =>
    db.batch([
      db.select({ id: adminEvents.id }).from(adminEvents).where(isCursor),
      db
        .select(readableColumns(adminEvents))
        .from(adminEvents)
        .where(after === null ? undefined : isBeyond)
        .orderBy(desc(adminEvents.createdAt), desc(adminEvents.id))
        .limit(page.limit + 1),
    ]),
  );
  return readPage(page, cursor.length > 0, rows.map(toAdminEvent));
}

function toAdminEvent(row: typeof adminEvents.$inferSelect): AdminEvent {
  return { ...row, details: row.details as Record<string, unknown> };
}
