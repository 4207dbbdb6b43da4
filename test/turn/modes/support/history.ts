import type { Json } from "../../../support/api.ts";
import type { TurnFixture } from "../../../support/turn-fixture.ts";

/** The session's summaries as they are stored, oldest first. */
export async function storedSummaries({
  sql,
  sessionId,
}: Pick<TurnFixture, "sql" | "sessionId">): Promise<Json[]> {
  return sql`select s.*, t.turn_index from session_summaries s join turns t on t.id = s.turn_id
    where s.session_id = ${sessionId} order by s.to_seq`;
}

/** The audit rows of the session, in the order of their turns, with the last `seq` before each turn. */
export async function storedAudits({ sql, sessionId }: TurnFixture): Promise<Json[]> {
  return sql`select a.*, t.turn_index,
      (select coalesce(max(m.seq), 0)::int from messages m join turns e on e.id = m.turn_id
        where m.session_id = a.session_id and e.turn_index < t.turn_index) as last_seq_before
    from turn_context_audit a join turns t on t.id = a.turn_id
    where a.session_id = ${sessionId} order by t.turn_index, a.created_at, a.id`;
}

/** Every `seq` that ranges `[from, to]` name, in their order, repetitions and all. */
export function seqsIn(ranges: readonly (readonly [number, number])[]): number[] {
  return ranges.flatMap(([from, to]) => upTo(to).slice(from - 1));
}

export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, n) => n + 1);
}
