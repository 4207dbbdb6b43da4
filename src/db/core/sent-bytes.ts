import { type SQL, type SQLWrapper, sql } from "drizzle-orm";

// Neon's endpoint refuses an answer over 10 MiB. Its size is that of the JSON: a control character of one byte takes six.

/** Bytes of the texts on one page of a list, or of one stored turn. */
export const maxPageBytes = 4 * 1024 * 1024;

/** The length of a text that was cut; as JSON at most 6 bytes a character. */
export const cutCharacters = 10_000;

/** Bytes of a text, or of JSON, in the answer; 0 for null. */
export function sentBytes(value: SQLWrapper): SQL<number> {
  return sql<number>`coalesce(octet_length(to_json(${value}::text)::text), 0)`;
}

export type PageCut = {
  /** Selects `id`, `rank` (the order of the list) and `raw`: a lower bound of the row's bytes. */
  nearest: SQL;
  /** Bytes of a row as JSON, by its `n.id`. */
  bytes: SQL;
  limit: number;
};

/**
 * Selects the ids of the rows that fit a page: as many as `limit` and `maxPageBytes` allow, and always the first. Measuring
 * reads a row's texts, so rows that cannot fit by their raw bytes are not measured.
 */
export function selectFitting({ nearest, bytes, limit }: PageCut): SQL {
  return sql`(select f.id from (
    select m.id, m.row_index, sum(m.bytes) over (order by m.row_index) as through from (
      select n.id, n.row_index, ${bytes} as bytes from (
        select r.id, row_number() over (order by r.rank) as row_index,
          sum(r.raw) over (order by r.rank) - r.raw as raw_before
        from (${nearest}) r) n
      where n.raw_before < ${maxPageBytes}::int) m
    ) f where f.row_index = 1 or (f.row_index <= ${limit}::int and f.through <= ${maxPageBytes}::int))`;
}
