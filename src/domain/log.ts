/** From the least to the most urgent. */
export const logLevels = ["info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured lines; every line of a request carries its `request_id`. Never given secrets or prompts. */
export type Log = {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log, which adds these fields to each line. */
  with(fields: LogFields): Log;
};
