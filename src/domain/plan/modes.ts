export const roomModes = ["manual", "tag", "roundtable", "orchestrator"] as const;
export type RoomMode = (typeof roomModes)[number];

/**
 * `parallel`: all at once, none sees another's answer; `sequence`: one after another, each sees the answers
 * before its own; `routed`: a sequence of those whom the manager picks among the candidates.
 */
export type TurnFlow = "parallel" | "sequence" | "routed";

export type ModeRules = {
  /** Who may answer: the agents that the message tags, or all of the room. */
  agents: "tagged" | "room";
  flow: TurnFlow;
  /** Of a retry: who answers is known then, so that a routed turn is retried as a sequence. */
  retryFlow: TurnFlow;
  /** What stands for the model alias of a turn in which several agents answered. */
  marker: string;
  /** Whether the marker also stands for a turn of one agent. */
  marksSingleAgent: boolean;
};

/** What a mode means. A new mode is a row here, and does not compile without one. */
export const modeRules = {
  manual: {
    agents: "tagged",
    flow: "parallel",
    retryFlow: "parallel",
    marker: "multi-agent",
    marksSingleAgent: false,
  },
  /** The same as `manual`, under another name. */
  tag: {
    agents: "tagged",
    flow: "parallel",
    retryFlow: "parallel",
    marker: "multi-agent",
    marksSingleAgent: false,
  },
  roundtable: {
    agents: "room",
    flow: "sequence",
    retryFlow: "sequence",
    marker: "roundtable",
    marksSingleAgent: true,
  },
  orchestrator: {
    agents: "room",
    flow: "routed",
    retryFlow: "sequence",
    marker: "multi-agent",
    marksSingleAgent: false,
  },
} as const satisfies Record<RoomMode, ModeRules>;
