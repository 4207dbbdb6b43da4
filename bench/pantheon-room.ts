import { type Answer, send } from "./http-client.ts";
import { agentKeyOf, roles } from "./roster.ts";
import type { Bench } from "./setup.ts";

export type Mode = "tag" | "roundtable" | "orchestrator";

export type Orchestration = { max_rounds: number; synthesis: string };

export type Turn = {
  answer: Answer;
  elapsedMs: number;
  runId: string;
  turnIndex: number;
  isSummaryMade: boolean;
  /** Requests before the answer, and requests that overlapped model calls, from `Server-Timing`. */
  roundTrips: number;
  checkpointTrips: number;
};

/** A room of Pantheon with one session. Posts turns into it. */
export type Room = {
  roomId: string;
  sessionId: string;
  agentKeys: readonly string[];
  setMode(mode: Mode): Promise<void>;
  setOrchestration(orchestration: Orchestration): Promise<void>;
  /** Throws where the turn is not stored as completed. */
  post(message: string): Promise<Turn>;
  /** The same as a stream. `onText` gets the text that has arrived so far. */
  stream(message: string, onText: (text: string) => void): Promise<Answer>;
};

export const question = "What do we do first, and what can wait until the week after the launch?";

export async function createRoom(bench: Bench, agents: number, mode: Mode): Promise<Room> {
  const call = (method: "POST" | "PATCH", path: string, body: unknown, headers = {}) =>
    send(`${bench.pantheon.url}/api/v1${path}`, {
      method,
      body,
      headers: { Authorization: `Bearer ${bench.token}`, ...headers },
    });
  const create = async (path: string, body: unknown): Promise<string> => {
    const answer = await call("POST", path, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text).id;
  };
  const roomId = await create("/rooms", { name: "Bench", goal: "Ship the beta.", current_mode: mode });
  const agentKeys = roles.slice(0, agents).map((_, index) => agentKeyOf(index));
  for (const [index, agent_key] of agentKeys.entries()) {
    await create(`/rooms/${roomId}/agents`, {
      agent_key,
      name: `Agent ${index + 1}`,
      model_alias: "deepseek",
      role_prompt: roles[index],
    });
  }
  const sessionId = await create(`/rooms/${roomId}/sessions`, {});
  const turns = `/sessions/${sessionId}/turns`;
  return {
    roomId,
    sessionId,
    agentKeys,
    async setMode(next) {
      const answer = await call("PATCH", `/rooms/${roomId}/mode`, { mode: next });
      if (answer.status !== 200) throw new Error(`mode: ${answer.status} ${answer.text}`);
    },
    async setOrchestration(orchestration) {
      const answer = await call("PATCH", `/rooms/${roomId}`, { orchestration });
      if (answer.status !== 200) throw new Error(`orchestration: ${answer.status} ${answer.text}`);
    },
    post: async (message) => readTurn(await call("POST", turns, { message })),
    stream: (message, onText) =>
      send(`${bench.pantheon.url}/api/v1${turns}/stream`, {
        body: { message },
        headers: { Authorization: `Bearer ${bench.token}` },
        onText,
      }),
  };
}

function readTurn(answer: Answer): Turn {
  const turn = answer.status === 201 ? JSON.parse(answer.text) : undefined;
  if (turn?.status !== "completed") throw new Error(`A turn of Pantheon: ${answer.status} ${answer.text}`);
  const timing = String(answer.headers["server-timing"]);
  const countOf = (name: string) => Number(new RegExp(`${name};desc="(\\d+)"`).exec(timing)?.[1]);
  return {
    answer,
    elapsedMs: answer.endedMs - answer.sentMs,
    runId: turn.id,
    turnIndex: turn.turn_index,
    isSummaryMade: turn.summary_triggered,
    roundTrips: countOf("db"),
    checkpointTrips: countOf("checkpoints"),
  };
}
