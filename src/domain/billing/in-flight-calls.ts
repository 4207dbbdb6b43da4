import type { Router } from "../plan/mode.ts";
import { agentStepId, type Step, synthesisStepId } from "../plan/step.ts";
import { isRoutingOver, takenSteps } from "../plan/taken-steps.ts";
import type { TurnPlan } from "../plan/turn-plan.ts";
import type { RoutingDecision } from "../routing/routing-decision.ts";
import type { ModelCallRecord, OverheadCall } from "../turn/turn-outcome.ts";

/** How far a run had come when it was last stored. */
export type StoredProgress = {
  calls: readonly Pick<ModelCallRecord, "holder" | "step" | "round" | "status">[];
  overhead: readonly Pick<OverheadCall, "holder" | "purpose" | "round">[];
  repliedSteps: readonly string[];
  decisions: readonly Pick<RoutingDecision, "selectedKeys" | "rule" | "verdict">[];
};

/** A model call that a holder may have had in flight when it was replaced. */
export type InFlightCall = { holder: string; step: string; agentKey: string; round: number };
/** `round`: the round that the manager's call was to start. */
export type InFlightRouting = { holder: string; round: number };
export type InFlight = { calls: InFlightCall[]; routing: InFlightRouting[] };

/**
 * The calls that each replaced holder may have made without storing them: those of the steps that were next, and, since
 * storing is one step behind, those of the steps after them. A call too many costs nothing; one too few would be missing
 * in the ledger. `pastHolders` in the order in which they held the run.
 */
export function inFlightCalls(
  plan: TurnPlan,
  progress: StoredProgress,
  pastHolders: readonly string[],
): InFlight {
  const inFlight: InFlight = { calls: [], routing: [] };
  for (const [index, holder] of pastHolders.entries()) {
    const known = findKnownProgress(plan, progress, new Set(pastHolders.slice(0, index + 1)));
    for (const call of findOpenCalls(listPossibleCalls(plan, known.decisions), known)) {
      if (call.agentKey === null) inFlight.routing.push({ holder, round: known.decisions.length + 1 });
      else {
        const round = (known.lastCalls.get(call.id) ?? 0) + 1;
        inFlight.calls.push({ holder, step: call.id, agentKey: call.agentKey, round });
      }
    }
  }
  return inFlight;
}

/** A call that a holder may make: of a step of the plan, or for the manager's next decision. */
type PossibleCall = Pick<Step, "id" | "after"> & { agentKey: string | null };

const nextDecision = "next decision";

/**
 * The calls that the run may make next: of the steps that are decided and, where the manager decides again, of that
 * decision and of every step that it may start. A decision that was made and not stored is not known.
 */
function listPossibleCalls(plan: TurnPlan, decisions: StoredProgress["decisions"]): PossibleCall[] {
  const taken = takenSteps(plan, decisions);
  const calls = taken.map(({ id, after, agent }) => ({ id, after, agentKey: agent.agentKey }));
  if (plan.router === null || isRoutingOver(plan, decisions)) return calls;
  const last = taken.at(-1);
  return [
    ...calls,
    { id: nextDecision, after: last === undefined ? [] : [last.id], agentKey: null },
    ...listCandidates(plan, plan.router, taken),
  ];
}

function listCandidates(plan: TurnPlan, { candidates }: Router, taken: readonly Step[]): PossibleCall[] {
  const after = [nextDecision];
  const calls = candidates.map(({ agentKey }): PossibleCall => {
    const answers = taken.filter(({ agent }) => agent.agentKey === agentKey).length;
    return { id: agentStepId(agentKey, answers + 1), after, agentKey };
  });
  // After the first round the manager may have stopped.
  if (plan.synthesizer === null || taken.length === 0) return calls;
  return [...calls, { id: synthesisStepId, after, agentKey: plan.synthesizer.agentKey }];
}

type KnownProgress = {
  decisions: StoredProgress["decisions"];
  /** By step: the number of the last call that these holders made. */
  lastCalls: ReadonlyMap<string, number>;
  replied: ReadonlySet<string>;
  /** Their replies needed no call, or none that was billed. Any holder may have made them. */
  hasUnbilledReply: ReadonlySet<string>;
};

/** The part of the progress that these holders made: each stored answer names its holder. */
function findKnownProgress(
  plan: TurnPlan,
  progress: StoredProgress,
  holders: ReadonlySet<string>,
): KnownProgress {
  const lastCalls = new Map<string, number>();
  const lastCallsOfAll = new Map<string, number>();
  for (const { holder, step, round } of progress.calls) {
    lastCallsOfAll.set(step, Math.max(round, lastCallsOfAll.get(step) ?? 0));
    if (holders.has(holder)) lastCalls.set(step, Math.max(round, lastCalls.get(step) ?? 0));
  }
  const replied = progress.repliedSteps.filter(
    (step) => lastCalls.has(step) && lastCalls.get(step) === lastCallsOfAll.get(step),
  );
  const hasUnbilledReply = progress.repliedSteps.filter((step) => !lastCallsOfAll.has(step));
  return {
    decisions: progress.decisions.slice(0, countKnownDecisions(plan, progress, holders, lastCalls)),
    lastCalls,
    replied: new Set(replied),
    hasUnbilledReply: new Set(hasUnbilledReply),
  };
}

/** A holder knows the decisions that it made, and those before a step that it called. */
function countKnownDecisions(
  plan: TurnPlan,
  { decisions, overhead }: StoredProgress,
  holders: ReadonlySet<string>,
  lastCalls: ReadonlyMap<string, number>,
): number {
  const made = overhead
    .filter(({ purpose, holder }) => purpose === "routing" && holders.has(holder))
    .map(({ round = 1 }) => round);
  const called = takenSteps(plan, decisions)
    .filter(({ id }) => lastCalls.has(id))
    .map(({ round }) => round ?? decisions.length);
  return Math.min(decisions.length, Math.max(0, ...made, ...called));
}

function findOpenCalls(calls: readonly PossibleCall[], known: KnownProgress): PossibleCall[] {
  const byId = new Map(calls.map((call) => [call.id, call]));
  const passed = new Set<string>();
  const pass = (id: string): void => {
    for (const before of byId.get(id)?.after ?? []) {
      if (!passed.has(before)) {
        passed.add(before);
        pass(before);
      }
    }
  };
  for (const id of known.lastCalls.keys()) pass(id);
  const isOpen = ({ id }: PossibleCall) => !known.replied.has(id) && !passed.has(id);
  // Steps without a billed call are not counted: which holder made them is not known.
  const countOpenBefore = ({ after }: PossibleCall): number =>
    Math.max(
      0,
      ...after.flatMap((id) => {
        const before = byId.get(id);
        if (before === undefined) return [];
        const isCounted = isOpen(before) && !known.hasUnbilledReply.has(id);
        return [countOpenBefore(before) + (isCounted ? 1 : 0)];
      }),
    );
  return calls.filter((call) => isOpen(call) && countOpenBefore(call) <= 1);
}
