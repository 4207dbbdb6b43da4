import { and, eq, isNull, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { requireRow } from "../core/require-row.ts";
import { rooms, sessions } from "../schema.ts";
import { isOwnedRoom, ownedRoomId, type RoomScope, selectRoomId } from "./owned-room.ts";

type Thread = RoomScope & { threadHash: string };

/**
 * The room's session of a thread that a stock client named; it is started where there is none. Of several requests at once
 * one starts it. @throws PantheonError `not_found` where the room is not the user's.
 */
export async function findOrStartSession(
  db: Db,
  thread: Thread,
  { id, now }: { id: string; now: Date },
): Promise<string> {
  const { threadHash } = thread;
  const [, [session]] = await askDatabase(db, () =>
    db.batch([
      db.execute(sql`insert into ${sessions} (id, room_id, started_by_user_id, created_at, thread_hash)
        select ${id}::uuid, ${rooms.id}, ${rooms.ownerUserId}, ${now.toISOString()}::timestamptz, ${threadHash}::text
        from ${rooms} where ${isOwnedRoom(thread)}
        on conflict (room_id, thread_hash) where deleted_at is null do nothing`),
      selectSession(db, thread),
    ]),
  );
  return requireRow(session).id;
}

/** The id of the thread's session; undefined: there is none. @throws PantheonError `not_found` as above. */
export async function findSession(db: Db, thread: Thread): Promise<string | undefined> {
  const [[room], [session]] = await askDatabase(db, () =>
    db.batch([selectRoomId(db, thread), selectSession(db, thread)]),
  );
  requireRow(room);
  return session?.id;
}

function selectSession(db: Db, thread: Thread) {
  return db
    .select({ id: sessions.id })
    .from(sessions)
    .where(
      and(
        sql`${sessions.roomId} = ${ownedRoomId(thread)}`,
        eq(sessions.threadHash, thread.threadHash),
        isNull(sessions.deletedAt),
      ),
    );
}
