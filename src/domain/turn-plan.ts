import type { ErrorCode } from "./errors.ts";
import { isTagMode, type RoomMode } from "./modes.ts";
import { readTags } from "./tags.ts";

/** An agent as the turn's claim took it down: later edits of the roster do not reach a running turn. */
export type RosterAgent = {
  agentKey: string;
  name: string;
  modelAlias: string;
  rolePrompt: string;
  toolPermissions: readonly string[];
  position: number;
};

export type TurnPlan = {
  mode: RoomMode;
  /** Who answers, in the order in which replies are stored and shown. */
  agents: readonly RosterAgent[];
  /** `parallel`: all at once; `sequence`: one after another. */
  order: "parallel" | "sequence";
  /** Whether a later agent is sent the same turn's earlier answers. */
  sharesAnswers: boolean;
  /** Tags of the message that name no agent of the room. */
  unknownTags: readonly string[];
};

export type PlanRefusal = { code: ErrorCode; detail: string };
export type PlanVerdict = { ok: true; plan: TurnPlan } | { ok: false; refusal: PlanRefusal };

export type PlanInput = {
  mode: RoomMode;
  roster: readonly RosterAgent[];
  message: string;
  /** Answers with this model, whoever answers. */
  modelAliasOverride?: string | undefined;
};

/** Decides who answers a message and how. No I/O, no clock: the same input gives the same plan. */
export function planTurn(input: PlanInput): PlanVerdict {
  if (!isTagMode(input.mode)) {
    return refuse("mode_not_available", `Turns in mode '${input.mode}' are not available yet.`);
  }
  const byKey = new Map(input.roster.map((agent) => [agent.agentKey, agent]));
  const tags = readTags(input.message, [...byKey.keys()]);
  const agents = tags.agentKeys.flatMap((key) => byKey.get(key) ?? []);
  if (agents.length === 0) {
    return refuse("no_valid_tagged_agents", noTagDetail(tags.unknownTags));
  }
  return {
    ok: true,
    plan: {
      mode: input.mode,
      agents: agents.map((agent) => withModel(agent, input.modelAliasOverride)),
      order: "parallel",
      sharesAnswers: false,
      unknownTags: tags.unknownTags,
    },
  };
}

/** The alias shown for a turn: the agent's own when one ran, else a marker for the mode. */
export function modelAliasMarker(mode: RoomMode, agents: readonly Pick<RosterAgent, "modelAlias">[]): string {
  if (mode === "roundtable") return "roundtable";
  const [only, ...others] = agents;
  return only !== undefined && others.length === 0 ? only.modelAlias : "multi-agent";
}

function withModel(agent: RosterAgent, modelAlias: string | undefined): RosterAgent {
  return modelAlias === undefined ? agent : { ...agent, modelAlias };
}

function noTagDetail(unknownTags: readonly string[]): string {
  return unknownTags.length === 0
    ? "Tag at least one agent of the room, for example @key."
    : `No agent of this room is tagged; unknown: ${unknownTags.map((tag) => `@${tag}`).join(", ")}.`;
}

function refuse(code: ErrorCode, detail: string): PlanVerdict {
  return { ok: false, refusal: { code, detail } };
}
