import { v7 as uuidv7 } from "uuid";
import type { Config } from "./config.ts";
import { createDb, type Db } from "./db/client.ts";
import type { Catalog } from "./domain/catalog.ts";
import type { Log } from "./domain/log.ts";
import { createTokenVerifier, type VerifyToken } from "./http/auth.ts";
import { createConsoleLog } from "./http/console-log.ts";

/** What actions work with; built once per isolate. */
export type Deps = {
  db: Db;
  catalog: Catalog;
  log: Log;
  /** The wall clock; Postgres decides lease times on its own. */
  now: () => Date;
  /** A UUID v7. */
  newId: () => string;
  verifyToken: VerifyToken;
  corsAllowedOrigins: readonly string[];
};

/** The only place where the parts meet. */
export function createDeps(config: Config): Deps {
  return {
    db: createDb(config.databaseUrl, config.neonHttpEndpoint),
    catalog: config.catalog,
    log: createConsoleLog(config.logLevel),
    now: () => new Date(),
    newId: uuidv7,
    verifyToken: createTokenVerifier(config.auth),
    corsAllowedOrigins: config.corsAllowedOrigins,
  };
}
