/** `pending`: waits for a parser. `parsing`: a parser has it. The others are ends. */
export const fileStatuses = ["pending", "parsing", "ready", "failed"] as const;

export type FileStatus = (typeof fileStatuses)[number];
