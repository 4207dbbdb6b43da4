import type { TestProject } from "vitest/node";
import { applyMigrations } from "../../../dev/migrate.ts";
import { startNeonEndpoint } from "../../../dev/neon-endpoint.ts";
import type {} from "../provided.d.ts";
import { applyForeignSettings } from "./foreign-settings.ts";
import { startScriptedModelServer } from "./scripted-model-server.ts";
import { startScriptedSearchServer } from "./scripted-search-server.ts";
import { startTestDatabase } from "./test-database.ts";

/** Starts what the tests in workerd talk to, once for all of them; gives what ends it. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const database = await startTestDatabase();
  const { connectionString, trueConcurrency } = database;
  try {
    await applyMigrations(connectionString);
    await applyForeignSettings(connectionString);
  } catch (error) {
    await database.stop();
    throw error;
  }
  const endpoint = await startNeonEndpoint({ connectionString, maxConnections: trueConcurrency ? 20 : 1 });
  const models = await startScriptedModelServer();
  const search = await startScriptedSearchServer();

  provide("neonEndpoint", endpoint.url);
  provide("databaseUrl", connectionString);
  provide("modelServer", models.url);
  provide("searchServer", search.url);
  provide("trueConcurrency", trueConcurrency);
  provide("abuse", abuseFrom(process.env));

  return async () => {
    await search.stop();
    await models.stop();
    await endpoint.stop();
    await database.stop();
  };
}

const fewRequests = 1_500;

/** ABUSE_REQUESTS: how many requests are fuzzed. */
function abuseFrom({ ABUSE_REQUESTS }: NodeJS.ProcessEnv) {
  const requests = ABUSE_REQUESTS ? Number(ABUSE_REQUESTS) : fewRequests;
  if (!Number.isSafeInteger(requests) || requests < 1)
    throw new Error("ABUSE_REQUESTS must be a whole number.");
  return { requests, isLong: requests > fewRequests };
}
