import { type SQL, sql } from "drizzle-orm";
import type { FileSearch } from "../../domain/files/file-library.ts";
import { filePages } from "../schema.ts";

/** Pages that are ranked: those with all words, and some of those with any. */
const maxPagesWithAll = 500;
const maxPagesWithAny = 2_000;

/** Words of a query that are looked for. */
const maxWords = 32;

/** Parts of a query that are looked for as they are written. */
const maxParts = 8;

/**
 * Pages that match the query, the best first, as `{file_id, name, page, text, words}`. `searchedFiles` selects `id, name,
 * attempt`. A page ranks by the words that it has; a word that few pages have counts more. Words like "the" count only
 * where the query has no others. Where no page has any word, pages are found that contain the query or a part of it as it
 * is written: parts of identifiers, and languages without blanks.
 */
export function searchPages(searchedFiles: SQL, { query, maxPages }: FileSearch): SQL {
  return sql`
    with searched as materialized (${searchedFiles}),
    lexemes as materialized (
      select lexeme, numnode(plainto_tsquery('english', lexeme)) = 0 as is_common
      from unnest(to_tsvector('simple', ${query}::text)) limit ${maxWords}
    ), words as materialized (
      select lexeme, ('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''') as quoted
      from lexemes where not is_common or not exists (select 1 from lexemes where not is_common)
    ), asked as materialized (
      select string_agg(quoted, ' & ')::tsquery as all_words, string_agg(quoted, ' | ')::tsquery as any_word
      from words
    ), hits as materialized (
      (${pagesWith(sql`all_words`, maxPagesWithAll)}) union (${pagesWith(sql`any_word`, maxPagesWithAny)})
    ), matched as materialized (
      select h.file_id, h.attempt, h.page, w.lexeme
      from hits h join ${filePages} p using (file_id, attempt, page) join words w on p.search @@ w.quoted::tsquery
    ), weights as (
      select lexeme, ln(1 + (select count(*) from hits) / count(*)::float) as weight from matched group by lexeme
    ), best as materialized (
      select m.file_id, m.attempt, m.page, sum(w.weight) as score, array_agg(m.lexeme) as words,
        max(ts_rank(p.search, (select any_word from asked))) as rank
      from matched m join weights w using (lexeme) join ${filePages} p using (file_id, attempt, page)
      group by m.file_id, m.attempt, m.page
      order by score desc, rank desc, m.file_id, m.page limit ${maxPages}
    ), parts as materialized (
      select part from jsonb_array_elements_text(${JSON.stringify(toParts(query))}::jsonb) as part
    ), by_part as (
      select p.file_id, p.attempt, p.page, sum(length(t.part))::float as score, array_agg(t.part) as words, 0 as rank
      from searched s join ${filePages} p on p.file_id = s.id and p.attempt = s.attempt
        join parts t on strpos(lower(p.text), t.part) > 0
      where not exists (select 1 from best)
      group by p.file_id, p.attempt, p.page
      order by score desc, p.file_id, p.page limit ${maxPages}
    )
    select f.file_id, s.name, f.page, p.text, f.words
    from (select * from best union all select * from by_part) f
      join ${filePages} p using (file_id, attempt, page) join searched s on s.id = f.file_id
    order by f.score desc, f.rank desc, f.file_id, f.page`;
}

function pagesWith(words: SQL, limit: number): SQL {
  return sql`select p.file_id, p.attempt, p.page
    from searched s join ${filePages} p on p.file_id = s.id and p.attempt = s.attempt
    where p.search @@ (select ${words} from asked) limit ${limit}`;
}

/** The query and its parts between blanks, in lower case. */
function toParts(query: string): string[] {
  const whole = query.toLowerCase();
  const parts = whole.split(/\s+/u).filter((part) => part.length > 1);
  return [...new Set([whole, ...parts])].slice(0, maxParts);
}
