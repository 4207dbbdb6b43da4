import { sql } from "drizzle-orm";
import { managerKey } from "../../domain/agent-key.ts";
import { learnTokenScale } from "../../domain/context/token-scale.ts";
import { turnClaims, turnContextAudit } from "../schema.ts";

export type TokenCount = { model_alias: string; token_scale: number; estimated: number; counted: number };

/** How many counts a scale is learnt from. */
const scaleCounts = sql.raw("5");
const manager = sql.raw(`'${managerKey}'`);
const alias = sql.placeholder("alias");

/**
 * The provider's token counts of the last prompts of a claim's session, for the models of the roster, for `alias`, and for
 * the manager's model where the manager writes a synthesis. A subquery of a select from `turn_claims`.
 */
export const tokenCountsOfClaim = sql`
    select alias.model_alias, last.token_scale, last.estimated, last.counted
    from (
      select a ->> 'modelAlias' as model_alias
      from jsonb_array_elements(${turnClaims.snapshot} -> 'roster') a
      union select ${alias}::text where ${alias}::text is not null
      union select ${turnClaims.snapshot} -> 'pricing' ->> 'managerModelAlias'
      where lower(${turnClaims.snapshot} -> 'orchestration' ->> 'synthesis') = ${manager}
    ) alias
    cross join lateral (
      select x.token_scale, x.estimated_tokens_after_prune as estimated, x.counted_input_tokens as counted
      from ${turnContextAudit} x
      where x.session_id = ${turnClaims.sessionId} and x.model_alias = alias.model_alias
        and x.counted_input_tokens is not null
      order by x.created_at desc limit ${scaleCounts}
    ) last`;

/** By model alias: the factor of its estimates. A scale learnt from a refusal replaces one from older counts. */
export function readTokenScales(
  rows: readonly TokenCount[],
  refusalScales: Readonly<Record<string, number>>,
): ReadonlyMap<string, number> {
  const counts = Map.groupBy(rows, ({ model_alias }) => model_alias);
  const learnt = [...counts].map(([alias, countsOfAlias]): [string, number] => [
    alias,
    learnTokenScale(
      countsOfAlias.map(({ token_scale, estimated, counted }) => ({
        tokenScale: token_scale,
        estimatedTokens: estimated,
        countedTokens: counted,
      })),
    ),
  ]);
  return new Map([...learnt, ...Object.entries(refusalScales)]);
}
