import type { ModelSettings } from "./model-settings.ts";

/** An agent that is to join a room. */
export type NewAgent = {
  agentKey: string;
  name: string;
  modelAlias: string;
  rolePrompt: string;
  toolPermissions: readonly string[];
  modelSettings: ModelSettings;
  /** From 0. Without it, or beyond the end, the agent comes last. */
  position?: number | undefined;
};
