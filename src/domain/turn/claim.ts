/** Which run a session is executing, and which holder executes it. The database refuses writes of any other holder. */
export type Claim = { sessionId: string; runId: string; holder: string };
