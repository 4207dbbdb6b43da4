/** `pending`: waits for a parser. `parsing`: a parser holds it. The others are final. */
export const fileStatuses = ["pending", "parsing", "ready", "failed"] as const;

export type FileStatus = (typeof fileStatuses)[number];
