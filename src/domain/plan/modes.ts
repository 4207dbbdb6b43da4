export const roomModes = ["manual", "tag", "roundtable", "orchestrator"] as const;
export type RoomMode = (typeof roomModes)[number];

/** `manual` and `tag` are the same mode under two names. */
export function isTagMode(mode: RoomMode): boolean {
  return mode === "manual" || mode === "tag";
}
