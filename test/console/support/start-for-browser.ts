import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startPlatform } from "../../../dev/platform.ts";
import { startScriptedModelServer } from "../../support/node/scripted-model-server.ts";
import { startScriptedSearchServer } from "../../support/node/scripted-search-server.ts";
import { findBrowser } from "./browser-binary.ts";
import type {} from "./provided.d.ts";
import { tokenSettings } from "./token.ts";

/** Starts the local platform with scripted models, once for all tests in the browser; `settings` are added to the Worker's. */
export async function startForBrowser(
  { provide }: TestProject,
  settings: Record<string, string> = {},
): Promise<() => Promise<void>> {
  const browser = await findBrowser(process.env);
  if ("missing" in browser) {
    console.log(`The tests in a browser do not run: they need one. ${browser.missing}.`);
    provide("console", null);
    return async () => undefined;
  }
  const dataDir = await mkdtemp(join(tmpdir(), "pantheon-console-"));
  const models = await startScriptedModelServer();
  const search = await startScriptedSearchServer();
  const env = {
    PANTHEON_DATA_DIR: dataDir,
    RATE_LIMIT: "on",
    LLM_BASE_URL: `${models.url}/s/console/v1`,
    LLM_API_KEY: "test-key",
    TAVILY_BASE_URL: `${search.url}/s/console`,
    TAVILY_API_KEY: "test-key",
    ...tokenSettings,
    ...settings,
  };
  const platform = await startPlatform({ env, port: 0, log: () => undefined });
  provide("console", {
    url: platform.url,
    models: `${models.url}/s/console`,
    search: `${search.url}/s/console`,
    databaseUrl: platform.databaseUrl,
    browser,
  });
  return async () => {
    await platform.stop();
    await models.stop();
    await search.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
