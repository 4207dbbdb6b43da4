import { settingNames } from "../src/config.ts";
import type { Environment } from "./local-settings.ts";

/** In place of what wrangler.toml binds, where settings are checked outside workerd. */
const limiter = { limit: async () => ({ success: true }) };
const nothing = async () => undefined;
export const boundByWrangler = {
  TURN_LIMITER: limiter,
  INVALID_LIMITER: limiter,
  UPLOAD_LIMITER: limiter,
  FILES: { put: nothing, get: nothing, delete: nothing, list: nothing },
  PARSE_QUEUE: { send: nothing },
  LIVE_SESSIONS: { getByName: nothing },
  ASSETS: { fetch: nothing },
};

/** Every setting the environment has for the Worker, the API keys that MODELS_JSON names among them. */
export function settingsFrom(env: Environment): Record<string, string> {
  const keySettings = [...(env.MODELS_JSON ?? "").matchAll(/"api_key_setting"\s*:\s*"([^"]+)"/g)];
  const names = [...settingNames, ...keySettings.map(([, name]) => name ?? "")];
  const given = names.flatMap((name) => {
    const value = env[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}
