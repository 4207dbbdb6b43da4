/** The run that a session is executing, and its holder. The database refuses writes of any other holder. */
export type Claim = { sessionId: string; runId: string; holder: string };
