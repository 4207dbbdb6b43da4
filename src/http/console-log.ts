import type { Log, LogFields } from "../domain/log.ts";

const levels = ["debug", "info", "warn", "error"] as const;
type Level = (typeof levels)[number];

/** A log of one JSON object per line on the console, from `minimum` upwards. */
export function createConsoleLog(minimum: Level, fixed: LogFields = {}): Log {
  const write =
    (level: Level) =>
    (event: string, fields: LogFields = {}) => {
      if (levels.indexOf(level) < levels.indexOf(minimum)) return;
      console[level](JSON.stringify({ level, event, ...fixed, ...fields }));
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: (fields) => createConsoleLog(minimum, { ...fixed, ...fields }),
  };
}
