import { sql } from "drizzle-orm";
import { PantheonError } from "../../domain/errors.ts";
import { askDatabase, type Db, postgresFields } from "../core/client.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { modelPrices, pricingVersions } from "../schema.ts";
import { type AdminEvent, insertAdminEvent } from "./admin-events.ts";

/** The price of a model. `multiplier` has two decimals; US dollars for a million tokens are only for reports. */
export type ModelPrice = {
  alias: string;
  multiplier: string;
  inputUsdPerMillion: string | null;
  outputUsdPerMillion: string | null;
};

/** Prices that an operator set. They never change; runs are opened under the latest that is in effect. */
export type PricingVersion = {
  version: string;
  /** Milliseconds of the epoch, in digits; null: a deployment's own version. */
  effectiveAt: string | null;
  createdBy: string | null;
  prices: readonly ModelPrice[];
};

export type NewPricingVersion = {
  version: string;
  /** Null: now. */
  effectiveAt: Date | null;
  prices: readonly ModelPrice[];
  event: AdminEvent;
};

const uniqueViolation = "23505";

/**
 * @throws PantheonError `pricing_version_taken` where there is one of this name or time, `pricing_version_in_past` where it
 * would take effect before now, by the database's clock.
 */
export async function insertPricingVersion(
  db: Db,
  { version, effectiveAt, prices, event }: NewPricingVersion,
): Promise<PricingVersion> {
  const at = sql`coalesce(${effectiveAt?.toISOString() ?? null}::timestamptz, now())`;
  try {
    const { rows } = await askDatabase(db, () =>
      db.execute<{ effectiveAt: string }>(sql`
        with added as (
          insert into ${pricingVersions} (version, effective_from, effective_at, created_by)
          select ${version}, (${at} at time zone 'UTC')::date, ${at}, ${event.actor}
          where ${at} >= now() returning version, effective_at
        ), priced as (
          insert into ${modelPrices} (version, model_alias, multiplier, provider_input_usd_per_million,
            provider_output_usd_per_million)
          select a.version, p ->> 'alias', (p ->> 'multiplier')::numeric, (p ->> 'inputUsdPerMillion')::numeric,
            (p ->> 'outputUsdPerMillion')::numeric
          from added a, jsonb_array_elements(${JSON.stringify(prices)}::jsonb) p
        ), on_record as (${insertAdminEvent(event, sql`from added`)})
        select (extract(epoch from effective_at) * 1000)::bigint::text as "effectiveAt" from added`),
    );
    const [added] = rows;
    if (added !== undefined) return { version, prices, createdBy: event.actor, ...added };
  } catch (error) {
    if (postgresFields(error).code !== uniqueViolation) throw error;
    throw new PantheonError(
      "pricing_version_taken",
      "There is a pricing version of this name, or one that takes effect at this time.",
    );
  }
  throw new PantheonError("pricing_version_in_past", "A pricing version cannot take effect in the past.");
}

type VersionRow = Omit<PricingVersion, "prices"> & { prices: ModelPrice[] | null };

const versionColumns = sql`v.version, (extract(epoch from v.effective_at) * 1000)::bigint::text as "effectiveAt",
  v.created_by as "createdBy", (select jsonb_agg(jsonb_build_object('alias', p.model_alias,
    'multiplier', p.multiplier::text, 'inputUsdPerMillion', p.provider_input_usd_per_million::text,
    'outputUsdPerMillion', p.provider_output_usd_per_million::text) order by p.model_alias)
    from ${modelPrices} p where p.version = v.version) as prices`;

/** All versions, by name. */
export async function loadPricingVersions(db: Db, page: { limit: number; after?: string | undefined }) {
  const after = page.after ?? null;
  const [cursor, { rows }] = await askDatabase(db, () =>
    db.batch([
      db.execute(sql`select 1 from ${pricingVersions} where version = ${after}`),
      db.execute<VersionRow>(sql`select ${versionColumns} from ${pricingVersions} v
        where ${after}::text is null or v.version > ${after} order by v.version limit ${page.limit + 1}`),
    ]),
  );
  const found: Page<VersionRow> = readPage(page satisfies PageRequest, cursor.rows.length > 0, rows);
  return { ...found, rows: found.rows.map(toPricingVersion) };
}

/** The operator's version that runs are opened under now; null: the deployment's own prices hold. */
export async function loadPricingInEffect(db: Db): Promise<PricingVersion | null> {
  const { rows } = await askDatabase(db, () =>
    db.execute<VersionRow>(sql`select ${versionColumns} from ${pricingVersions} v
      where v.effective_at <= now() order by v.effective_at desc limit 1`),
  );
  return rows[0] === undefined ? null : toPricingVersion(rows[0]);
}

function toPricingVersion(row: VersionRow): PricingVersion {
  return { ...row, prices: row.prices ?? [] };
}
