import { type SQL, sql } from "drizzle-orm";
import { PantheonError } from "../../domain/errors.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { requireRow } from "../core/require-row.ts";
import { budgetHolds, budgets, budgetWindows, creditGrants } from "../schema.ts";
import { type AdminEvent, insertAdminEvent } from "./admin-events.ts";
import { insertWindows, lockPayer } from "./budget-statements.ts";

/** Amounts are decimals of credits. */
export type Wallet = {
  /** What a new turn may be granted: granted less spent and held. Below 0 where a call cost more than was left. */
  balance: string;
  granted: string;
  spent: string;
  held: string;
};

/** A user's wallet; no row where there is none. The hold of `exceptRun` is not counted. */
export function selectWallet(userId: SQL, exceptRun: SQL = sql`null::uuid`): SQL {
  return sql`
    select (b.limit_credits - w.spent - h.held)::numeric(28, 8)::text as balance,
      b.limit_credits::numeric(28, 8)::text as granted, w.spent::text as spent, h.held::numeric(28, 8)::text as held
    from ${budgets} b join ${budgetWindows} w on w.budget_id = b.id
      cross join lateral (select coalesce(sum(x.amount), 0) as held from ${budgetHolds} x
        where x.budget_id = b.id and x.run_id is distinct from ${exceptRun}) h
    where b.user_id = ${userId} and b.period = 'ever'`;
}

/** Null: the user has none. */
export async function loadWallet(db: Db, userId: string): Promise<Wallet | null> {
  const { rows } = await askDatabase(db, () => db.execute<Wallet>(selectWallet(sql`${userId}`)));
  return rows[0] ?? null;
}

/** The wallet of any user. @throws PantheonError `not_found` where there is no such user. */
export async function loadWalletOf(db: Db, userId: string): Promise<Wallet | null> {
  const [user, { rows }] = await askDatabase(db, () =>
    db.batch([
      db.execute(sql`select 1 from users where id = ${userId}`),
      db.execute<Wallet>(selectWallet(sql`${userId}`)),
    ]),
  );
  requireRow(user.rows[0]);
  return rows[0] ?? null;
}

export type NewGrant = {
  id: string;
  /** Id of the wallet, where this is the user's first grant. */
  walletId: string;
  userId: string;
  amount: string;
  note: string | null;
  idempotencyKey: string;
  event: AdminEvent;
};

export type Grant = { id: string; amount: string; note: string | null; createdAt: string };
export type GrantResult = { grant: Grant; wallet: Wallet; isNew: boolean };

/**
 * Adds a grant and raises the wallet in the same statement. Under a known key nothing changes: the grant of that key is
 * returned. The first grant makes the wallet, with all that the user ever spent.
 * @throws PantheonError `not_found` where there is no such user, `idempotency_key_reused` for another amount or note.
 */
export async function grantCredits(db: Db, grant: NewGrant): Promise<GrantResult> {
  const { userId, idempotencyKey } = grant;
  const [user, , , stored, wallet] = await askDatabase(db, () =>
    db.batch([
      db.execute(lockPayer(sql`${userId}`)),
      db.execute(insertGrant(grant)),
      db.execute(insertWindows({ scope: "user", id: userId })),
      db.execute<Grant>(sql`select id, amount::text as amount, note,
          (extract(epoch from created_at) * 1000)::bigint::text as "createdAt"
        from ${creditGrants} where user_id = ${userId} and idempotency_key = ${idempotencyKey}`),
      db.execute<Wallet>(selectWallet(sql`${userId}`)),
    ]),
  );
  requireRow(user.rows[0]);
  const found = requireRow(stored.rows[0]);
  if (found.amount !== grant.amount || found.note !== grant.note) {
    throw new PantheonError("idempotency_key_reused", "This Idempotency-Key was used for another grant.");
  }
  return { grant: found, wallet: requireRow(wallet.rows[0]), isNew: found.id === grant.id };
}

function insertGrant({ id, walletId, userId, amount, note, idempotencyKey, event }: NewGrant): SQL {
  return sql`
    with added as (
      insert into ${creditGrants} (id, user_id, amount, idempotency_key, granted_by, note, created_at)
      select ${id}::uuid, u.id, ${amount}::numeric, ${idempotencyKey}, ${event.actor}, ${note}::text,
        ${event.createdAt.toISOString()}::timestamptz
      from users u where u.id = ${userId}
      on conflict (user_id, idempotency_key) do nothing returning amount
    ), on_record as (${insertAdminEvent(event, sql`from added`)})
    insert into ${budgets} as b (id, user_id, period, limit_credits, set_by_operator, created_at, updated_at)
    select ${walletId}::uuid, ${userId}, 'ever', amount, true, date_trunc('milliseconds', now()),
      date_trunc('milliseconds', now()) from added
    on conflict (user_id, period) do update
      set limit_credits = b.limit_credits + excluded.limit_credits, updated_at = excluded.updated_at`;
}
