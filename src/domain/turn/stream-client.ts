/** The ids of a stream's conversation and run: the server's, or those that a stock client chose. */
export type RunIds = { threadId: string; runId: string };

/** A user's message with the id that the client gave it. */
export type ClientMessage = { id: string; text: string };

/** A stock client of AG-UI: the ids that it chose itself, and its messages. */
export type StockClient = { ids: RunIds; userMessages: readonly ClientMessage[] };
