import { and, asc, gt, type SQL, sql } from "drizzle-orm";
import { PantheonError } from "../../domain/errors.ts";
import type { ModelSettings } from "../../domain/model-settings.ts";
import { askDatabase, type Db, postgresFields } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { requireRow } from "../core/require-row.ts";
import { roomAgents } from "../schema.ts";
import { ownedRoomId, type RoomScope, selectRoomId } from "./owned-room.ts";

export type AgentRow = typeof roomAgents.$inferSelect;

/** Agents of a room, where it is the user's. */
export function isInRoster(scope: RoomScope): SQL {
  return sql`${roomAgents.roomId} = ${ownedRoomId(scope)}`;
}

/** Keys compare without case. */
export function isAgent(scope: RoomScope, agentKey: string): SQL | undefined {
  return and(isInRoster(scope), sql`lower(${roomAgents.agentKey}) = lower(${agentKey})`);
}

/** The room's agents by position. @throws PantheonError `not_found` where the room is not the user's. */
export async function loadAgents(db: Db, scope: RoomScope, page: PageRequest): Promise<Page<AgentRow>> {
  const isCursor = and(isInRoster(scope), sql`${roomAgents.id} = ${page.after ?? null}::uuid`);
  const cursorKey = sql`(select ${roomAgents.position} from ${roomAgents} where ${isCursor})`;
  const [room, cursor, found] = await askDatabase(db, () =>
    db.batch([
      selectRoomId(db, scope),
      db.select({ id: roomAgents.id }).from(roomAgents).where(isCursor),
      db
        .select(readableColumns(roomAgents))
        .from(roomAgents)
        .where(
          and(isInRoster(scope), page.after === undefined ? undefined : gt(roomAgents.position, cursorKey)),
        )
        .orderBy(asc(roomAgents.position))
        .limit(page.limit + 1),
    ]),
  );
  requireRow(room[0]);
  return readPage(page, cursor.length > 0, found);
}

/** @throws PantheonError `not_found`. */
export async function loadAgent(db: Db, scope: RoomScope, agentKey: string): Promise<AgentRow> {
  const [agent] = await askDatabase(db, () =>
    db.select(readableColumns(roomAgents)).from(roomAgents).where(isAgent(scope, agentKey)),
  );
  return requireRow(agent);
}

/** A field that is undefined stays as it is. */
export type AgentChange = {
  name?: string | undefined;
  modelAlias?: string | undefined;
  rolePrompt?: string | undefined;
  toolPermissions?: readonly string[] | undefined;
  modelSettings?: ModelSettings | undefined;
};

/** @throws PantheonError `not_found` or `agent_name_taken`. */
export async function updateAgent(
  db: Db,
  scope: RoomScope,
  agentKey: string,
  change: AgentChange,
  now: Date,
): Promise<AgentRow> {
  const [agent] = await askDatabase(db, () =>
    db
      .update(roomAgents)
      .set({ ...change, updatedAt: now })
      .where(isAgent(scope, agentKey))
      .returning(readableColumns(roomAgents)),
  ).catch((error: unknown) => {
    throw toNameTaken(error);
  });
  return requireRow(agent);
}

/** `agent_name_taken` for a name that another agent of the room has; any other error unchanged. */
export function toNameTaken(error: unknown): unknown {
  return postgresFields(error).constraint === "uq_room_agents_room_id_name"
    ? new PantheonError("agent_name_taken", "Another agent of this room has this name.")
    : error;
}
