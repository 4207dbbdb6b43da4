/** The database requests of a turn, distinguished by the tables they write. */
export type RequestKind = "open" | "step" | "renewal" | "commit" | "takeover" | "late_report" | "other";

/** What one request to the Neon endpoint is, read from its statements. */
export function requestKindOf(body: string): RequestKind {
  const writes = (table: string) => body.includes(`insert into \\"${table}\\"`);
  if (writes("turn_claims")) return "open";
  if (writes("turn_runs")) return "commit";
  if (writes("checkpoints") || writes("checkpoint_writes")) return "step";
  if (writes("llm_call_events")) return "late_report";
  if (body.includes("past_holders = turn_claims.past_holders")) return "takeover";
  if (body.includes("renew_lease") || body.includes("assert_claim")) return "renewal";
  return "other";
}
