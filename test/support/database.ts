import { neon, neonConfig } from "@neondatabase/serverless";
import { inject } from "vitest";

neonConfig.fetchEndpoint = inject("neonEndpoint");

/** The test database itself, for what no route can arrange or show. */
export const sql = neon(inject("databaseUrl"));
