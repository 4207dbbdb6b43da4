import type { ErrorCode } from "../errors.ts";
import { type ModelSettings, readModelSettings } from "../model-settings.ts";
import { readPermissions } from "../permissions.ts";
import { modeRules, type RoomMode, type TurnFlow } from "./modes.ts";
import { readTags } from "./tags.ts";

/** An agent as the turn's claim took it down: later edits of the roster do not reach a running turn. */
export type RosterAgent = {
  agentKey: string;
  name: string;
  modelAlias: string;
  rolePrompt: string;
  toolPermissions: readonly string[];
  /** Absent from claims that were taken before agents had settings. */
  modelSettings?: ModelSettings;
  position: number;
};

export type TurnPlan = {
  mode: RoomMode;
  flow: TurnFlow;
  /** Who answers, in the order in which replies are stored and shown; when routed: the candidates. */
  agents: readonly RosterAgent[];
  /** Tags of the message that name no agent of the room. */
  unknownTags: readonly string[];
};

export type PlanRefusal = { code: ErrorCode; detail: string };
export type PlanResult = { ok: true; plan: TurnPlan } | { ok: false; refusal: PlanRefusal };

export type PlanInput = {
  mode: RoomMode;
  roster: readonly RosterAgent[];
  message: string;
  /** Answers with this model, whoever answers. */
  modelAliasOverride?: string | undefined;
};

/** Decides who answers a message and how. No I/O, no clock: the same input gives the same plan. */
export function planTurn(input: PlanInput): PlanResult {
  const { mode } = input;
  const roster = input.roster.map((agent) => withReadableFields(withModel(agent, input.modelAliasOverride)));
  switch (modeRules[mode].agents) {
    case "tagged":
      return planTagged(mode, roster, input.message);
    case "room":
      return planWholeRoom(mode, roster);
  }
}

function planWholeRoom(mode: RoomMode, roster: readonly RosterAgent[]): PlanResult {
  if (roster.length === 0) return refuse("no_room_agents", "The room has no agents; add one first.");
  const agents = roster.toSorted((a, b) => a.position - b.position);
  return accept({ mode, flow: modeRules[mode].flow, agents, unknownTags: [] });
}

function planTagged(mode: RoomMode, roster: readonly RosterAgent[], message: string): PlanResult {
  const byKey = new Map(roster.map((agent) => [agent.agentKey, agent]));
  const { agentKeys, unknownTags } = readTags(message, [...byKey.keys()]);
  const agents = agentKeys.flatMap((key) => byKey.get(key) ?? []);
  if (agents.length === 0) return refuse("no_valid_tagged_agents", noTagDetail(unknownTags));
  return accept({ mode, flow: modeRules[mode].flow, agents, unknownTags });
}

/**
 * The plan of a retry: the failed agents of a stored turn that are still in the room, in the turn's order and
 * mode.
 */
export function planRetry(
  mode: RoomMode,
  roster: readonly RosterAgent[],
  failedKeys: readonly string[],
): PlanResult {
  const byKey = new Map(roster.map((agent) => [agent.agentKey, withReadableFields(agent)]));
  const agents = failedKeys.flatMap((key) => byKey.get(key) ?? []);
  if (agents.length === 0)
    return refuse("nothing_to_retry", "No agent that failed in this turn is left to ask.");
  return accept({ mode, flow: modeRules[mode].retryFlow, agents, unknownTags: [] });
}

/** For estimates of a run whose plan is not known: every agent of the roster may have been asked. */
export function planWholeRoster(mode: RoomMode, roster: readonly RosterAgent[]): TurnPlan {
  return { mode, flow: "parallel", agents: roster.map(withReadableFields), unknownTags: [] };
}

/** The agent of a reply: who answers is in the plan, since nothing else decides it. */
export function planAgent({ agents }: Pick<TurnPlan, "agents">, agentKey: string): RosterAgent {
  const found = agents.find((agent) => agent.agentKey === agentKey);
  if (found === undefined) throw new Error("A reply's agent is not in the plan of its run.");
  return found;
}

/** Whether a later agent is sent the same turn's earlier answers. */
export function sharesAnswers(plan: Pick<TurnPlan, "flow">): boolean {
  return sharesAnswersByFlow[plan.flow];
}

const sharesAnswersByFlow: Readonly<Record<TurnFlow, boolean>> = {
  parallel: false,
  sequence: true,
  routed: true,
};

/** The alias shown for a turn: the agent's own when one ran, else a marker for the mode. */
export function modelAliasMarker(mode: RoomMode, modelAliases: readonly string[]): string {
  const { marker, marksSingleAgent } = modeRules[mode];
  const [only, ...others] = modelAliases;
  return only !== undefined && others.length === 0 && !marksSingleAgent ? only : marker;
}

function withModel(agent: RosterAgent, modelAlias: string | undefined): RosterAgent {
  return modelAlias === undefined ? agent : { ...agent, modelAlias };
}

/** What is stored is not to be trusted: permissions and settings that cannot be read count as none. */
function withReadableFields(agent: RosterAgent): RosterAgent {
  return {
    ...agent,
    toolPermissions: readPermissions(agent.toolPermissions),
    modelSettings: readModelSettings(agent.modelSettings),
  };
}

function noTagDetail(unknownTags: readonly string[]): string {
  return unknownTags.length === 0
    ? "Tag at least one agent of the room, for example @key."
    : `No agent of this room is tagged; unknown: ${unknownTags.map((tag) => `@${tag}`).join(", ")}.`;
}

function accept(plan: TurnPlan): PlanResult {
  return { ok: true, plan };
}

function refuse(code: ErrorCode, detail: string): PlanResult {
  return { ok: false, refusal: { code, detail } };
}
