import type { Client } from "./client.ts";
import { type Features, readFeatures } from "./features.ts";
import { createMoneyApi } from "./money.ts";
import type {
  Agent,
  AgentChange,
  Model,
  NewAgent,
  NewRoom,
  NewTurn,
  Page,
  QueuedTurn,
  Room,
  RoomFile,
  Session,
  Tool,
  Turn,
  TurnDetail,
  TurnPending,
  User,
} from "./types.ts";

export type Api = ReturnType<typeof createApi>;
export type { Features };

/** How many rows a list is asked for at once: the most that the API gives. */
const pageSize = 200;

const turnsPage = 40;

/** Every call that the console makes, by what it does. Each rejects with ApiError. */
export function createApi(client: Client) {
  const { json, send } = client;
  const listAll = async <Item>(path: string, query: Record<string, string> = {}): Promise<Item[]> => {
    const items: Item[] = [];
    let after: string | undefined;
    do {
      const page: Page<Item> = await json("GET", path, { query: { ...query, limit: pageSize, after } });
      items.push(...page.data);
      after = page.has_more ? (page.last_id ?? undefined) : undefined;
    } while (after !== undefined);
    return items;
  };
  const turnsOf = (sessionId: string) => `/sessions/${sessionId}/turns`;
  return {
    ...createMoneyApi(client),
    me: () => json<User>("GET", "/auth/me"),
    features: () => readFeatures(json),
    models: async () => (await json<{ data: Model[] }>("GET", "/models")).data,
    tools: async () => (await json<{ data: Tool[] }>("GET", "/tools")).data,

    rooms: () => listAll<Room>("/rooms", { order: "recent" }),
    room: (roomId: string) => json<Room>("GET", `/rooms/${roomId}`),
    createRoom: (body: NewRoom) => json<Room>("POST", "/rooms", { body }),
    changeRoom: (roomId: string, body: object) => json<Room>("PATCH", `/rooms/${roomId}`, { body }),
    deleteRoom: (roomId: string) => json<void>("DELETE", `/rooms/${roomId}`),
    setMode: (roomId: string, mode: string) =>
      json<Room>("PATCH", `/rooms/${roomId}/mode`, { body: { mode } }),

    agents: async (roomId: string) => (await json<Page<Agent>>("GET", `/rooms/${roomId}/agents`)).data,
    addAgent: (roomId: string, body: NewAgent) => json<Agent>("POST", `/rooms/${roomId}/agents`, { body }),
    changeAgent: (roomId: string, key: string, body: AgentChange) =>
      json<Agent>("PATCH", `/rooms/${roomId}/agents/${key}`, { body }),
    removeAgent: (roomId: string, key: string) => json<void>("DELETE", `/rooms/${roomId}/agents/${key}`),
    orderAgents: async (roomId: string, keys: readonly string[]) =>
      (await json<Page<Agent>>("PUT", `/rooms/${roomId}/agents/order`, { body: { agent_keys: keys } })).data,

    /** The last used first. */
    sessions: (roomId: string) => listAll<Session>(`/rooms/${roomId}/sessions`, { order: "recent" }),
    startSession: (roomId: string) => json<Session>("POST", `/rooms/${roomId}/sessions`),
    deleteSession: (sessionId: string) => json<void>("DELETE", `/sessions/${sessionId}`),
    changeSession: (sessionId: string, body: { title: string }) =>
      json<Session>("PATCH", `/sessions/${sessionId}`, { body }),

    files: (roomId: string) => listAll<RoomFile>(`/rooms/${roomId}/files`),
    uploadFile: (roomId: string, file: File) =>
      json<RoomFile>("POST", `/rooms/${roomId}/files`, {
        query: { name: file.name },
        bytes: file,
        headers: { "Content-Type": "application/octet-stream" },
      }),
    deleteFile: (fileId: string) => json<void>("DELETE", `/files/${fileId}`),
    parseFile: (fileId: string) => json<RoomFile>("POST", `/files/${fileId}/parse`),

    /** A page of turns, the latest first. */
    turns: (sessionId: string, before?: string) =>
      json<Page<Turn>>("GET", turnsOf(sessionId), { query: { order: "desc", limit: turnsPage, before } }),
    turn: (sessionId: string, turnId: string) =>
      json<TurnDetail | TurnPending>("GET", `${turnsOf(sessionId)}/${turnId}`),
    /** The events of a turn that starts now. The same key again joins or replays it. */
    streamTurn: (sessionId: string, body: NewTurn, key: string, signal: AbortSignal) =>
      send("POST", `${turnsOf(sessionId)}/stream`, { body, headers: keyHeader(key), signal }),
    /** The events of a turn that was sent before; of one that waits, once it starts. */
    followTurn: (sessionId: string, turnId: string, signal: AbortSignal) =>
      send("GET", `${turnsOf(sessionId)}/${turnId}/events`, { signal }),
    /** The turn starts when those before it are over. */
    queueTurn: (sessionId: string, message: string, key: string) =>
      json<TurnPending>("POST", `${turnsOf(sessionId)}/queue`, {
        body: { message },
        headers: keyHeader(key),
      }),
    /** What waits, the next one first. */
    queue: async (sessionId: string) =>
      (await json<{ data: QueuedTurn[] }>("GET", `/sessions/${sessionId}/queue`)).data,
    streamRetry: (sessionId: string, turnId: string, key: string, signal: AbortSignal) =>
      send("POST", `${turnsOf(sessionId)}/${turnId}/retry/stream`, { headers: keyHeader(key), signal }),
    deleteMessage: (sessionId: string, messageId: string) =>
      json<void>("DELETE", `/sessions/${sessionId}/messages/${messageId}`),
    cancelTurn: (sessionId: string, turnId: string) =>
      json<void>("POST", `${turnsOf(sessionId)}/${turnId}/cancel`),
  };
}

function keyHeader(key: string) {
  return { "Idempotency-Key": key };
}
