/** The Postgres error fields that the Neon driver copies from a 400 answer, besides `message`. */
const postgresFields = [
  "severity",
  "code",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine",
] as const;

/** A request that is answered with an error: HTTP status and JSON body. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: Record<string, string | null>;

  constructor(status: number, message: string, fields: Record<string, string | null> = {}) {
    super(message);
    this.status = status;
    this.body = { message, ...fields };
  }
}

/** The answer for `error`. Errors of Postgres are 400 with every field, all others 500. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (!(error instanceof Error)) return new Refusal(500, "unknown failure");
  if (!("severity" in error)) return new Refusal(500, `the database connection failed: ${error.message}`);
  const given = new Map<string, unknown>(Object.entries(error));
  const fields = postgresFields.map((name) => {
    const value = given.get(name);
    return [name, typeof value === "string" ? value : null] as const;
  });
  return new Refusal(400, error.message, Object.fromEntries(fields));
}
