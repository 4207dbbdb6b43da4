import type { Bucket } from "../domain/files/bucket.ts";
import type { LogLevel } from "../domain/log.ts";
import { isBucket } from "./bindings.ts";
import { ConfigError, describeIssue, dropBlank } from "./config-error.ts";
import { settings } from "./settings.ts";

/** The settings of the parser's Worker. */
export type ParserConfig = {
  databaseUrl: string;
  /** The endpoint of the Neon driver in local mode; undefined: Neon's own. */
  neonHttpEndpoint: string | undefined;
  logLevel: LogLevel;
  fileBucket: Bucket;
};

const parserSettings = settings.pick({ DATABASE_URL: true, NEON_HTTP_ENDPOINT: true, LOG_LEVEL: true });

/** Reads the bindings of the parser's Worker. @throws ConfigError naming each setting that is missing or bad. */
export function parseParserConfig(bindings: Readonly<Record<string, unknown>>): ParserConfig {
  const given = dropBlank(bindings);
  const parsed = parserSettings.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => describeIssue(issue, given)));
  const { FILES: fileBucket } = given;
  if (!isBucket(fileBucket)) throw new ConfigError(["FILES: wrangler.parse.toml binds no R2 bucket FILES"]);
  return {
    databaseUrl: parsed.data.DATABASE_URL,
    neonHttpEndpoint: parsed.data.NEON_HTTP_ENDPOINT,
    logLevel: parsed.data.LOG_LEVEL,
    fileBucket,
  };
}
