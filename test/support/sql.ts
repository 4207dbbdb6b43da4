import { neon, neonConfig } from "@neondatabase/serverless";
import { inject } from "vitest";

/** SQL past the application, through the real driver: for what only the database can tell, or cause. */
export function connectSql() {
  neonConfig.fetchEndpoint = inject("neonEndpoint");
  return neon(inject("databaseUrl"));
}

export type Sql = ReturnType<typeof connectSql>;
