import type { ModelSettings } from "../model-settings.ts";

/** An agent as it was when the turn's claim was taken. Later changes of the roster do not change a running turn. */
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
