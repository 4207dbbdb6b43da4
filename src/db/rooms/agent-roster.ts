import { and, asc, eq, type SQL, sql } from "drizzle-orm";
import { PantheonError } from "../../domain/errors.ts";
import type { ModelSettings } from "../../domain/model-settings.ts";
import { askDatabase, type Db, postgresFields } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { requireRow } from "../core/require-row.ts";
import { roomAgents, rooms } from "../schema.ts";
import { isOwnedRoom, lockRoom, ownedRoomId, type RoomScope } from "./owned-room.ts";
import { type AgentRow, isAgent, isInRoster, toNameTaken } from "./room-agents.ts";

// Positions count from 0 without gaps: each change of the roster locks its room and renumbers in one batch.

export type NewAgentRow = Pick<AgentRow, "id" | "agentKey" | "name" | "modelAlias" | "rolePrompt"> & {
  toolPermissions: readonly string[];
  modelSettings: ModelSettings;
  position: number;
};

/**
 * Puts an agent at its position, or last where that lies beyond the end, and moves the others up.
 * @returns undefined where the room is full.
 * @throws PantheonError `not_found`, `agent_key_taken` or `agent_name_taken`.
 */
export async function insertAgent(
  db: Db,
  scope: RoomScope,
  row: NewAgentRow,
  capacity: number,
  now: Date,
): Promise<AgentRow | undefined> {
  try {
    const [room, , , [agent]] = await askDatabase(db, () =>
      db.batch([
        lockRoom(db, scope),
        db.execute(insertWhereRoom(scope, row, capacity, now)),
        db.execute(renumber(scope, now, row.id)),
        db
          .select(readableColumns(roomAgents))
          .from(roomAgents)
          .where(and(isInRoster(scope), eq(roomAgents.id, row.id))),
      ]),
    );
    requireRow(room[0]);
    return agent;
  } catch (error) {
    if (postgresFields(error).constraint === "uq_room_agents_room_id_agent_key") {
      throw new PantheonError("agent_key_taken", `There is an agent '${row.agentKey}' in this room already.`);
    }
    throw toNameTaken(error);
  }
}

/** Later agents move up. A run in flight keeps the roster of its claim. @throws PantheonError `not_found`. */
export async function deleteAgent(db: Db, scope: RoomScope, agentKey: string, now: Date): Promise<void> {
  const [, removed] = await askDatabase(db, () =>
    db.batch([
      lockRoom(db, scope),
      db.delete(roomAgents).where(isAgent(scope, agentKey)).returning({ id: roomAgents.id }),
      db.execute(renumber(scope, now)),
    ]),
  );
  requireRow(removed[0]);
}

/**
 * Gives the agents the order of `agentKeys`.
 * @throws PantheonError `not_found`; `agent_order_mismatch` where they do not name every agent once.
 */
export async function updateAgentOrder(
  db: Db,
  scope: RoomScope,
  agentKeys: readonly string[],
  now: Date,
): Promise<AgentRow[]> {
  const [room, check, , agents] = await askDatabase(db, () =>
    db.batch([
      lockRoom(db, scope),
      db.execute<{ is_whole: boolean }>(sql`select ${isWholeRoster(scope, agentKeys)} as is_whole`),
      db.execute(sql`update ${roomAgents} set position = o.rank - 1, updated_at = ${now.toISOString()}
        from ${wantedOrder(agentKeys)}
        where ${isInRoster(scope)} and lower(${roomAgents.agentKey}) = o.key and ${isWholeRoster(scope, agentKeys)}
          and ${roomAgents.position} <> o.rank - 1`),
      db
        .select(readableColumns(roomAgents))
        .from(roomAgents)
        .where(isInRoster(scope))
        .orderBy(asc(roomAgents.position)),
    ]),
  );
  requireRow(room[0]);
  if (check.rows[0]?.is_whole !== true) {
    throw new PantheonError("agent_order_mismatch", "'agent_keys' must name every agent of the room once.");
  }
  return agents;
}

function rosterSize(scope: RoomScope): SQL {
  return sql`(select count(*)::int from ${roomAgents} where ${isInRoster(scope)})`;
}

function insertWhereRoom(scope: RoomScope, row: NewAgentRow, capacity: number, now: Date): SQL {
  const at = sql`${now.toISOString()}::timestamptz`;
  return sql`
    insert into ${roomAgents} (id, room_id, agent_key, name, model_alias, role_prompt, tool_permissions,
      model_settings, position, created_at, updated_at)
    select ${row.id}::uuid, ${rooms.id}, ${row.agentKey}::text, ${row.name}::text, ${row.modelAlias}::text,
      ${row.rolePrompt}::text, ${JSON.stringify(row.toolPermissions)}::jsonb,
      ${JSON.stringify(row.modelSettings)}::jsonb,
      least(${row.position}::int, ${rosterSize(scope)}), ${at}, ${at}
    from ${rooms} where ${isOwnedRoom(scope)} and ${rosterSize(scope)} < ${capacity}::int`;
}

/** Closes gaps. Of two agents at one position the new one comes first. */
function renumber(scope: RoomScope, now: Date, newAgentId: string | null = null): SQL {
  return sql`
    update ${roomAgents} set position = p.rank - 1, updated_at = ${now.toISOString()}
    from (
      select id, row_number() over (order by position, id is distinct from ${newAgentId}::uuid, id) as rank
      from ${roomAgents} where room_id = ${ownedRoomId(scope)}
    ) p
    where ${roomAgents.id} = p.id and ${roomAgents.position} <> p.rank - 1`;
}

/** The keys as rows `o (key, rank)`, keys in lower case, ranks from 1. */
function wantedOrder(agentKeys: readonly string[]): SQL {
  const keys = JSON.stringify(agentKeys.map((key) => key.toLowerCase()));
  return sql`jsonb_array_elements_text(${keys}::jsonb) with ordinality as o (key, rank)`;
}

/** True where there are as many keys as agents, and each agent is named: then each is named exactly once. */
function isWholeRoster(scope: RoomScope, agentKeys: readonly string[]): SQL {
  return sql`(${rosterSize(scope)} = ${agentKeys.length}::int and not exists (
    select 1 from ${roomAgents} where ${isInRoster(scope)} and not exists (
      select 1 from ${wantedOrder(agentKeys)} where o.key = lower(${roomAgents.agentKey}))))`;
}
