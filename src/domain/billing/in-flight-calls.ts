import type { TurnPlan } from "../plan/turn-plan.ts";
import type { ModelCallRecord, OverheadCall } from "../turn/turn-outcome.ts";

/** How far a run had come when it was last stored. */
export type StoredProgress = {
  calls: readonly Pick<ModelCallRecord, "holder" | "agentKey" | "round" | "status">[];
  overhead: readonly Pick<OverheadCall, "holder" | "purpose">[];
  repliedKeys: readonly string[];
  /** Whom the manager picked; null: it has not, or nobody asks it. */
  selectedKeys: readonly string[] | null;
};

/** A model call that a holder may have had under way when it was replaced. */
export type InFlightCall = { holder: string; agentKey: string; round: number };
export type InFlight = { calls: InFlightCall[]; routingHolders: string[] };

/**
 * What each replaced holder may have spent that nobody stored: the calls that were next for it, and, since
 * storing lags by one step, their successors in the plan. A call too many costs nothing; one too few would
 * be lost from the books. `pastHolders` in the order in which they held the run.
 */
export function inFlightCalls(
  plan: TurnPlan,
  progress: StoredProgress,
  pastHolders: readonly string[],
): InFlight {
  const inFlight: InFlight = { calls: [], routingHolders: [] };
  for (const [place, holder] of pastHolders.entries()) {
    const upToIt = new Set(pastHolders.slice(0, place + 1));
    const known = progressOf(progress, upToIt);
    const isRouting = plan.flow === "routed" && !known.hasRouted;
    if (isRouting) inFlight.routingHolders.push(holder);
    for (const agentKey of nextAgents(plan, progress, known, isRouting)) {
      inFlight.calls.push({ holder, agentKey, round: (known.rounds.get(agentKey) ?? 0) + 1 });
    }
  }
  return inFlight;
}

type KnownProgress = {
  rounds: Map<string, number>;
  replied: Set<string>;
  /** Their replies needed no call, or none that was billed; which holder made them cannot be told. */
  hasUnbilledReply: Set<string>;
  hasRouted: boolean;
};

/** What of the progress was made by these holders: each stored answer names who paid for it. */
function progressOf(progress: StoredProgress, holders: ReadonlySet<string>): KnownProgress {
  const rounds = new Map<string, number>();
  const lastRound = new Map<string, number>();
  for (const { holder, agentKey, round } of progress.calls) {
    lastRound.set(agentKey, Math.max(round, lastRound.get(agentKey) ?? 0));
    if (holders.has(holder)) rounds.set(agentKey, Math.max(round, rounds.get(agentKey) ?? 0));
  }
  const replied = progress.repliedKeys.filter(
    (key) => rounds.has(key) && rounds.get(key) === lastRound.get(key),
  );
  const hasRouted = progress.overhead.some(
    ({ holder, purpose }) => purpose === "routing" && holders.has(holder),
  );
  const hasUnbilledReply = progress.repliedKeys.filter((key) => !lastRound.has(key));
  return { rounds, replied: new Set(replied), hasUnbilledReply: new Set(hasUnbilledReply), hasRouted };
}

function nextAgents(
  plan: TurnPlan,
  { selectedKeys }: StoredProgress,
  known: KnownProgress,
  isRouting: boolean,
): string[] {
  const everybody = plan.agents.map(({ agentKey }) => agentKey);
  // Whom an unstored routing picked cannot be told: it may have been anybody.
  if (isRouting) return everybody;
  const order = plan.flow === "routed" ? (selectedKeys ?? everybody) : everybody;
  if (plan.flow === "parallel") return order.filter((agentKey) => !known.replied.has(agentKey));
  const reached = order.findLastIndex((agentKey) => known.rounds.has(agentKey));
  const open = order.filter((agentKey, place) => place >= reached && !known.replied.has(agentKey));
  // Who replied without a call that was billed was passed by, or may be: only others are steps apart.
  const asked = open.filter((agentKey) => !known.hasUnbilledReply.has(agentKey));
  const last = asked[1] ?? asked[0];
  return last === undefined ? open : open.slice(0, open.indexOf(last) + 1);
}
