/** The user, room and session of a run. A tool that reads stored data must pass them to the database. */
export type RunIdentity = { userId: string; roomId: string; sessionId: string };
