/** What an operator can do. Each act is on record. */
export const adminEventKinds = ["grant", "budget", "pricing_version"] as const;
export type AdminEventKind = (typeof adminEventKinds)[number];
