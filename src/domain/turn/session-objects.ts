/** Where a new object is placed, as near as the platform can. */
export const locationHints = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;

export type LocationHint = (typeof locationHints)[number];

/** The binding of Durable Objects that host sessions. What an object answers to is declared in src/turn/session-host.ts. */
export type SessionObjects = {
  getByName(name: string, options?: { locationHint?: LocationHint }): unknown;
};
