import { inject } from "vitest";
import type { NewAgent, Room, Session, TurnDetail } from "../../../console/src/api/types.ts";
import type { ModelScript } from "../../support/node/model-script.ts";
import type {} from "./provided.d.ts";
import { tokenOf } from "./token.ts";

const { url = "", models = "" } = inject("console") ?? {};

/** Calls the API as a user; throws where it refuses. */
export async function call<T>(user: string, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${await tokenOf(user)}`,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export type Fixture = { roomId: string; sessionId: string; path: string };

const agents: readonly NewAgent[] = [
  { agent_key: "ada", name: "Ada", model_alias: "deepseek", role_prompt: "You are Ada, an architect." },
  { agent_key: "linus", name: "Linus", model_alias: "qwen", role_prompt: "You are Linus, an operator." },
  { agent_key: "grace", name: "Grace", model_alias: "llama", role_prompt: "You are Grace, a teacher." },
];

/** A room of three agents with a session. */
export async function createRoom(
  user: string,
  room: Record<string, unknown> = {},
  agent: Partial<NewAgent> = {},
): Promise<Fixture> {
  const { id: roomId } = await call<Room>(user, "POST", "/rooms", {
    name: "Launch",
    current_mode: "tag",
    ...room,
  });
  for (const each of agents) await call(user, "POST", `/rooms/${roomId}/agents`, { ...each, ...agent });
  const { id: sessionId } = await call<Session>(user, "POST", `/rooms/${roomId}/sessions`);
  return { roomId, sessionId, path: `/rooms/${roomId}/sessions/${sessionId}` };
}

export function postTurn(user: string, { sessionId }: Fixture, message: string): Promise<TurnDetail> {
  return call<TurnDetail>(user, "POST", `/sessions/${sessionId}/turns`, { message });
}

/** What the models answer from now on. */
export async function setScript(script: ModelScript): Promise<void> {
  await fetch(`${models}/script`, { method: "PUT", body: JSON.stringify(script) });
}

/** Lets the answers go on that wait at the gate. */
export async function openGate(gate: string): Promise<void> {
  await fetch(`${models}/release/${gate}`, { method: "POST" });
}

/** Resolves once so many calls of models have come since the tests began. */
export async function countCalls(): Promise<number> {
  return ((await (await fetch(`${models}/journal`)).json()) as unknown[]).length;
}
