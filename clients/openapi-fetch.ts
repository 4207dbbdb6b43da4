// The same with types made from the contract. Make them with:
//   npx openapi-typescript "$PANTHEON_URL/api/v1/openapi.json" -o pantheon-api.ts
import createClient from "openapi-fetch";
import type { paths } from "./pantheon-api.ts";

const { PANTHEON_URL, PANTHEON_KEY, PANTHEON_ROOM = "" } = process.env;

const pantheon = createClient<paths>({
  baseUrl: PANTHEON_URL ?? "",
  headers: { Authorization: `Bearer ${PANTHEON_KEY}` },
});

const { data: session, error } = await pantheon.POST("/api/v1/rooms/{room_id}/sessions", {
  params: { path: { room_id: PANTHEON_ROOM } },
  body: { title: "From openapi-fetch" },
});
if (error !== undefined) throw new Error(`${error.code}: ${error.detail}`);

const { data: turn, error: refusal } = await pantheon.POST("/api/v1/sessions/{session_id}/turns", {
  params: { path: { session_id: session.id } },
  body: { message: "@ada @bob What comes first?" },
  headers: { "Idempotency-Key": crypto.randomUUID() },
});
if (refusal !== undefined) throw new Error(`${refusal.code}: ${refusal.detail}`);
// 202: the turn takes longer than a request may wait, and goes on.
if (!("replies" in turn)) throw new Error(`The turn ${turn.id} is ${turn.status}.`);

for (const { agent_name, content, error } of turn.replies) {
  console.log(`${agent_name}: ${error === null ? content : error.message}`);
}
