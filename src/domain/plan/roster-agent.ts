import type { ModelSettings } from "../model-settings.ts";

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
