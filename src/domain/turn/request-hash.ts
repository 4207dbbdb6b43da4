/** The fields that must be equal in two requests under one Idempotency-Key. */
export type HashedRequest = {
  kind: "turn" | "retry";
  sessionId: string;
  /** The turn that is retried; null for a new one. */
  turnId: string | null;
  /** The validated body, its fields in a fixed order. */
  body: Readonly<Record<string, string>>;
};

/** The text whose digest is a request's hash. It does not depend on the order of the body's fields. */
export function canonicalRequest({ kind, sessionId, turnId, body }: HashedRequest): string {
  const fields = Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([kind, sessionId.toLowerCase(), turnId?.toLowerCase() ?? null, fields]);
}
