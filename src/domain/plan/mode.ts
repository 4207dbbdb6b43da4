import type { ErrorCode } from "../errors.ts";
import type { RosterAgent } from "./roster-agent.ts";
import type { Step, UnorderedStep } from "./step.ts";

export type PlanRefusal = { code: ErrorCode; detail: string };

export type ModeInput = {
  /** By position. */
  roster: readonly RosterAgent[];
  message: string;
  /** Of the room; a mode without a manager ignores it. */
  maxRounds: number;
};

/** The manager picks who answers, round by round. */
export type Router = {
  candidates: readonly RosterAgent[];
  maxRounds: number;
};

export type ModePlan = {
  /** In the order in which replies are stored and shown; empty where a router picks them. */
  steps: readonly Step[];
  /** Null: `steps` are all there are. */
  router: Router | null;
  /** Tags of the message that name no agent of the room. */
  unknownTags: readonly string[];
};

export type ModePlanResult = { ok: true; plan: ModePlan } | { ok: false; refusal: PlanRefusal };

/** Everything in which a mode differs from the others. */
export type Mode = {
  /** Decides who answers a message, and in which order. */
  plan: (input: ModeInput) => ModePlanResult;
  /** Orders the failed steps of a stored turn, which are in the order of the turn. */
  retry: (failed: readonly UnorderedStep[]) => Step[];
  /** What `model_alias_used` shows for a turn of several agents; with `always`, of one agent too. */
  marker: { text: string; always: boolean };
};

/** The plan of a mode in which all agents of the room answer. */
export function planWholeRoom({ roster }: ModeInput, toPlan: () => ModePlan): ModePlanResult {
  if (roster.length > 0) return { ok: true, plan: toPlan() };
  return refusePlan("no_room_agents", "The room has no agents; add one first.");
}

export function refusePlan(code: ErrorCode, detail: string): ModePlanResult {
  return { ok: false, refusal: { code, detail } };
}
