import type { Config } from "../src/config.ts";
import type { Environment } from "./local-settings.ts";
import { startDemoModelServer } from "./model-server/demo-model.ts";
import type { DialectName } from "./model-server/dialects.ts";
import { demoSearchKey, startDemoSearchServer } from "./search-server/demo-search.ts";

/** The Worker's settings for these servers. */
export type PeerSettings = { LLM_BASE_URL: string; TAVILY_BASE_URL: string; TAVILY_API_KEY: string };

/** The servers for models and search: the real ones where there is a key, else demo servers. */
export async function startPeers(
  env: Environment,
  config: Config,
  {
    dialect,
    log,
    onStop,
  }: {
    dialect: DialectName | undefined;
    log: (line: string) => void;
    onStop: (end: () => Promise<void>) => void;
  },
): Promise<PeerSettings> {
  const logUnused = (setting: string, key: string) => {
    if (env[setting] && !env[key]) log(`${setting} is not used: it counts only together with ${key}`);
  };
  logUnused("LLM_BASE_URL", "LLM_API_KEY");
  logUnused("TAVILY_BASE_URL", "TAVILY_API_KEY");
  return { ...(await startModels()), ...(await startSearch()) };

  async function startModels() {
    if (env.LLM_API_KEY) {
      log(`Models at ${config.llmBaseUrl}`);
      return { LLM_BASE_URL: config.llmBaseUrl };
    }
    const { url, stop } = await startDemoModelServer(dialect === undefined ? {} : { dialect });
    onStop(stop);
    const form = dialect === undefined ? "" : ` in the form of ${dialect}`;
    log(`Models: a demo server with canned answers${form} (set LLM_API_KEY for real ones)`);
    return { LLM_BASE_URL: `${url}/v1` };
  }

  async function startSearch() {
    const { apiKey, baseUrl } = config.tavily;
    if (apiKey !== undefined) {
      log(`Search at ${baseUrl}`);
      return { TAVILY_BASE_URL: baseUrl, TAVILY_API_KEY: apiKey };
    }
    const { url, stop } = await startDemoSearchServer();
    onStop(stop);
    log("Search: a demo server with canned results (set TAVILY_API_KEY for Tavily)");
    return { TAVILY_BASE_URL: url, TAVILY_API_KEY: demoSearchKey };
  }
}
