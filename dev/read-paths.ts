/** A room and a session of one user, and a turn of that session. */
export type ReadIds = { roomId: string; sessionId: string; turnId: string };

/** Reads of the API, under /api/v1, that a user makes of a room, a session and what is the user's own. */
export function readPaths({ roomId, sessionId, turnId }: ReadIds): string[] {
  const [room, session] = [`/rooms/${roomId}`, `/sessions/${sessionId}`];
  return [
    "/auth/me",
    "/rooms",
    "/rooms?order=recent",
    room,
    `${room}/sessions`,
    `${room}/sessions?order=recent`,
    `${room}/files`,
    `${room}/usage`,
    `${room}/ag-ui`,
    session,
    `${session}/messages`,
    `${session}/messages?limit=200`,
    `${session}/turns`,
    `${session}/turns/${turnId}`,
    `${session}/summaries`,
    `${session}/usage`,
    `${session}/ag-ui`,
    "/budgets",
    "/wallet",
  ];
}
