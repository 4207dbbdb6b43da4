import type { Client } from "./client.ts";

/** What this server can do. The console hides what it cannot. */
export type Features = {
  /** A running turn can be stopped. */
  cancel: boolean;
  /** A running turn can be joined. */
  join: boolean;
  /** A message can wait for the running turn. */
  queue: boolean;
  wallet: boolean;
  usage: boolean;
  operator: boolean;
};

export const noFeatures: Features = {
  cancel: false,
  join: false,
  queue: false,
  wallet: false,
  usage: false,
  operator: false,
};

type Document = { paths: Record<string, Record<string, unknown>> };

/** Reads the server's own description of itself. */
export async function readFeatures(json: Client["json"]): Promise<Features> {
  const { paths } = await json<Document>("GET", "/openapi.json");
  const has = (method: string, path: string) => paths[`/api/v1${path}`]?.[method] !== undefined;
  return {
    cancel: has("post", "/sessions/{session_id}/turns/{turn_id}/cancel"),
    join: has("get", "/sessions/{session_id}/turns/{turn_id}/events"),
    queue: has("post", "/sessions/{session_id}/turns/queue"),
    wallet: has("get", "/wallet"),
    usage: has("get", "/usage"),
    operator: has("get", "/admin/usage"),
  };
}
