import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { setBudget } from "../../../../src/db/budgets/budgets.ts";
import { grantCredits } from "../../../../src/db/budgets/wallet.ts";
import { createDb } from "../../../../src/db/core/client.ts";
import { reportLateSpend } from "../../../../src/db/turn/late-spend.ts";
import { buildLedger, listAttemptIds } from "../../../../src/db/turn/ledger-record.ts";
import { type OpenedTurn, openTurn } from "../../../../src/db/turn/open-turn.ts";
import { releaseClaim } from "../../../../src/db/turn/release-claim.ts";
import { renewLease } from "../../../../src/db/turn/renew-lease.ts";
import { formatDecimal, parseDecimal } from "../../../../src/domain/billing/pricing.ts";
import { describePricing } from "../../../../src/domain/billing/run-pricing.ts";
import { buildCatalog } from "../../../../src/domain/catalog.ts";
import { historyCharacters } from "../../../../src/domain/context/context-budget.ts";
import { PantheonError } from "../../../../src/domain/errors.ts";
import { decideOpen } from "../../../../src/domain/turn/open-decision.ts";
import type { ModelCallRecord } from "../../../../src/domain/turn/turn-outcome.ts";
import type { Testbed } from "../testbed/testbed.ts";

/** What one token of output of the agent's model costs: 0.0001 credits. */
export const unitE8 = 10_000n;
/** With less no run is opened. */
export const minTurnUnits = 500n;
/** Whose limit a step sets. A user's budgets have periods, the wallet is changed by grants. */
export const stepScopes = ["user", "room", "session 0", "session 1"] as const;

const session = fc.nat(1);
const units = fc.integer({ min: 1, max: 3_000 });

/** Amounts are in units of 0.0001 credits. */
export const budgetStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("open" as const), session, units }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("commit" as const), session, units }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("abandon" as const), session }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("late report" as const), session, units }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("report" as const), session, units }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lower" as const), session, units }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("take over" as const), session }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("grant" as const), units }) },
  {
    weight: 3,
    arbitrary: fc
      .record({
        kind: fc.constant("limit" as const),
        scope: fc.nat(stepScopes.length - 1),
        period: fc.constantFrom("ever" as const, "day" as const, "month" as const),
        units: fc.option(fc.nat(6_000)),
      })
      .filter(({ scope, period }) => scope > 0 || period !== "ever"),
  },
);
type StepOf<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Step> ? Step : never;
export type BudgetStep = StepOf<typeof budgetStep>;

export type BudgetUserIds = { userId: string; roomId: string; sessionIds: readonly [string, string] };

const catalog = buildCatalog([], "");
const aliases = { managerModelAlias: "deepseek", summarizerModelAlias: "deepseek" };
const decimal = (amount: number) => formatDecimal(BigInt(amount) * unitE8, 8);

type Started = { turn: OpenedTurn; key: string; calls: number };
type Estimate = { turn: OpenedTurn; call: ModelCallRecord };

/** A new user with a room and two sessions, and the application's statements for them. */
export async function createBudgetUser({ sql, gateway }: Testbed) {
  const ids: BudgetUserIds = {
    userId: `user-${randomUUID()}`,
    roomId: randomUUID(),
    sessionIds: [randomUUID(), randomUUID()],
  };
  const { userId, roomId, sessionIds } = ids;
  const db = createDb("postgres://pantheon@localhost/pantheon", gateway.url);
  await sql.query(
    `with u as (insert into users (id, email, created_at) values ($1, $1, now())),
      r as (insert into rooms (id, owner_user_id, name, current_mode, created_at, updated_at)
        values ($2, $1, 'A room', 'manual', now(), now())),
      a as (insert into room_agents (id, room_id, agent_key, name, model_alias, role_prompt, position, created_at, updated_at)
        values (gen_random_uuid(), $2, 'ada', 'Ada', 'deepseek', 'Advise.', 0, now(), now()))
    insert into sessions (id, room_id, started_by_user_id, created_at) select x, $2, $1, now() from unnest($3::uuid[]) x`,
    [userId, roomId, sessionIds],
  );
  const started = new Map<number, Started>();
  const estimates = new Map<number, Estimate[]>();
  const sessionOf = (place: number) => sessionIds[place === 1 ? 1 : 0];

  const open = async (place: number, turnUnits: number, key: string): Promise<string> => {
    const request = {
      kind: "turn" as const,
      sessionId: sessionOf(place),
      userId,
      runId: randomUUID(),
      userMessageId: randomUUID(),
      holder: randomUUID(),
      idempotencyKey: key,
      requestHash: "the same",
      isQueued: false,
      request: { message: "@ada hello" },
      leaseMs: 600_000,
      windowBounds: { ...historyCharacters(catalog, null), keepRawTurns: 6 },
      modelAliasOverride: null,
      pricing: describePricing(catalog, aliases),
      turnCredits: decimal(turnUnits),
      minCredits: decimal(Math.min(turnUnits, Number(minTurnUnits))),
      minE8: BigInt(Math.min(turnUnits, Number(minTurnUnits))) * unitE8,
      requiresWallet: false,
    };
    try {
      const decision = decideOpen(await openTurn(db, request), request);
      if (decision.kind === "unaffordable") return decision.error.code;
      if (decision.kind !== "claimed") return decision.kind;
      const { opened: turn } = decision;
      started.set(place, { turn, key, calls: started.get(place)?.calls ?? 0 });
      return `granted ${parseDecimal(turn.claim.grantedCredits ?? "0", 8) / unitE8}`;
    } catch (error) {
      if (error instanceof PantheonError) return error.code;
      throw error;
    }
  };

  /** A call of the run; `tokens` null: an estimate. */
  const callOf = (run: Started, tokens: number | null): ModelCallRecord => {
    run.calls += 1;
    return {
      holder: run.turn.claim.holder,
      step: "ada#1",
      agentKey: "ada",
      round: run.calls,
      attempt: 1,
      attempts: tokens === null ? 0 : 1,
      modelAlias: "deepseek",
      provider: "openrouter",
      providerModel: "deepseek/deepseek-v3.1-terminus",
      multiplierHundredths: 100,
      usage: { fresh: 0, cached: 0, output: tokens ?? 0 },
      usageSource: tokens === null ? "estimated" : "provider",
      providerCostUsd: null,
      status: tokens === null ? "unknown" : "completed",
      latencyMs: 1,
      providerRequestId: null,
    };
  };
  const spendOf = ({ claim }: OpenedTurn, call: ModelCallRecord) => ({
    ledger: buildLedger({ claim, userId, catalog, finishedAt: new Date() }, [call]),
    pricing: claim.snapshot.pricing,
    createdAt: new Date(),
  });
  const report = async (turn: OpenedTurn, call: ModelCallRecord) => {
    const reportedIds = listAttemptIds(turn.claim.runId, [call]);
    await reportLateSpend(db, { ...spendOf(turn, call), claim: turn.claim, reportedIds }, { catalog });
  };
  const release = async (place: number, turn: OpenedTurn, call: ModelCallRecord) => {
    const spend = { ...spendOf(turn, call), catalog, estimatedIds: [] };
    const problem = { code: "internal_error" as const, detail: "Refused.", members: {} };
    await releaseClaim(db, turn.claim, { spend, refusalScales: {}, problem });
    started.delete(place);
  };

  const take = async (step: BudgetStep): Promise<string> => {
    switch (step.kind) {
      case "open":
        return open(step.session, step.units, randomUUID());
      case "grant": {
        const amount = decimal(step.units);
        const [id, walletId, idempotencyKey] = [randomUUID(), randomUUID(), randomUUID()];
        const event = {
          id: randomUUID(),
          actor: "operator",
          kind: "grant" as const,
          userId,
          details: { amount },
          createdAt: new Date(),
        };
        await grantCredits(db, { id, walletId, userId, amount, note: null, idempotencyKey, event });
        return "done";
      }
      case "limit": {
        const targets = [userId, roomId, ...sessionIds];
        const scope = (["user", "room", "session", "session"] as const)[step.scope] ?? "room";
        await setBudget(db, {
          id: randomUUID(),
          target: { scope, id: targets[step.scope] ?? roomId },
          period: step.period,
          limit: step.units === null ? null : decimal(step.units),
          ownerId: scope === "user" ? null : userId,
          event: null,
        });
        return "done";
      }
      case "late report": {
        const late = estimates.get(step.session)?.shift();
        if (late === undefined) return "nothing";
        const usage = { fresh: 0, cached: 0, output: step.units };
        await report(late.turn, { ...late.call, usage, attempts: 1, status: "completed" });
        return "done";
      }
    }
    const run = started.get(step.session);
    if (run === undefined) return "nothing";
    switch (step.kind) {
      case "lower":
        await renewLease(db, run.turn.claim, { leaseMs: 600_000, maxHold: decimal(step.units) });
        return "done";
      case "report":
        await report(run.turn, callOf(run, step.units));
        return "done";
      case "take over":
        await sql.query(
          "update turn_claims set lease_until = clock_timestamp() - interval '1 second' where session_id = $1",
          [sessionOf(step.session)],
        );
        return open(step.session, 1, run.key);
      case "commit":
        await release(step.session, run.turn, callOf(run, step.units));
        return "done";
      case "abandon": {
        const call = callOf(run, null);
        await release(step.session, run.turn, call);
        estimates.set(step.session, [...(estimates.get(step.session) ?? []), { turn: run.turn, call }]);
        return "done";
      }
    }
  };

  /** Each budget as `scope/period limit spent held`, in order. */
  const read = async (): Promise<string[]> => {
    const { rows } = await sql.query(
      `select case when b.user_id is not null then 'user' when b.room_id is not null then 'room'
          else 'session ' || (array_position($3::uuid[], b.session_id) - 1) end || '/' || b.period as name,
        coalesce(b.limit_credits::text, 'null') as "limit",
        (select coalesce(sum(spent), 0)::numeric(28, 8)::text from budget_windows where budget_id = b.id) as spent,
        (select coalesce(sum(amount), 0)::numeric(28, 8)::text from budget_holds where budget_id = b.id) as held
      from budgets b where b.user_id = $1 or b.room_id = $2 or b.session_id = any($3::uuid[])`,
      [userId, roomId, sessionIds],
    );
    return rows.map(({ name, limit, spent, held }) => `${name} ${limit} ${spent} ${held}`).toSorted();
  };

  return { ...ids, take, read };
}
