/** How one search is answered, faults included; plain JSON. Default: 200 with one result about the query. */
export type SearchAnswer = {
  results?: { title: string; url: string; content: string }[];
  /** Default 200. A redirect is a status and a `Location` header. */
  status?: number;
  headers?: Record<string, string>;
  /** Sent instead of results: a string as it is, anything else as JSON. */
  body?: unknown;
  /** Before the headers. */
  delay_ms?: number;
  /** Never goes on, until the client ends. */
  hang?: "before_headers" | "after_headers";
  /** Destroys the connection, before the headers or in the middle of the body. */
  cut?: "before_headers" | "in_body";
  /** So many bytes of blanks are sent before the body. */
  padding_bytes?: number;
};

/** The nth search gets the nth answer; those after the last get `default`. */
export type SearchScript = { answers?: SearchAnswer[]; default?: SearchAnswer };

/** One search as it came, and how its answer ended. */
export type SearchJournalEntry = {
  /** From 1, in order of arrival. */
  n: number;
  path: string;
  query: string;
  authorization: string | null;
  body: Record<string, unknown>;
  /** Null: no headers were sent. */
  status: number | null;
  /** The answer is over, whichever side ended it. */
  settled: boolean;
  /** It was sent to its end. */
  finished: boolean;
};
