// Runs a turn with fetch alone, and prints each agent's answer.
// PANTHEON_URL: the server; PANTHEON_KEY: an API key or a token; PANTHEON_ROOM: the room's id.
import { randomUUID } from "node:crypto";

const { PANTHEON_URL, PANTHEON_KEY, PANTHEON_ROOM } = process.env;

async function post(path: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${PANTHEON_URL}/api/v1${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${PANTHEON_KEY}`, "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  // A problem document: `code` is for programs, `detail` for people.
  if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);
  return answer;
}

const session = await post(`/rooms/${PANTHEON_ROOM}/sessions`, {});
// With the same key the request can be sent again: nothing is run or paid twice.
const key = { "Idempotency-Key": randomUUID() };
const turn = await post(`/sessions/${session.id}/turns`, { message: "@ada @bob What comes first?" }, key);
for (const reply of turn.replies) {
  console.log(`${reply.agent_name}: ${reply.error === null ? reply.content : reply.error.message}`);
}
console.log(`The turn is ${turn.status} and cost ${turn.credits.spent} credits.`);
