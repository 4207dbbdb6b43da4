/** What an operator can do. Each action is recorded. */
export const adminEventKinds = ["grant", "budget", "pricing_version"] as const;
export type AdminEventKind = (typeof adminEventKinds)[number];
