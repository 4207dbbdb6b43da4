import { type Log, type LogFields, type LogLevel, logLevels } from "../domain/log.ts";

/** A log of one JSON object per line on the console, from `minimum` upwards. */
export function createConsoleLog(minimum: LogLevel, fixed: LogFields = {}): Log {
  const write =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      if (logLevels.indexOf(level) < logLevels.indexOf(minimum)) return;
      console[level](JSON.stringify({ level, event, ...fixed, ...fields }));
    };
  return {
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: (fields) => createConsoleLog(minimum, { ...fixed, ...fields }),
  };
}
