import type { Environment } from "./local-settings.ts";

/** The settings of the Worker that the local platform hands on from the environment as they are. */
const HANDED_ON = [
  "LLM_BASE_URL",
  "LLM_API_KEY",
  "MODELS_JSON",
  "MANAGER_MODEL_ALIAS",
  "SUMMARIZER_MODEL_ALIAS",
  "MAX_OUTPUT_TOKENS",
  "MODEL_CALL_TIMEOUT_MS",
  "TAVILY_API_KEY",
  "TAVILY_BASE_URL",
  "AUTH_JWT_SECRET",
  "AUTH_JWKS_URL",
  "AUTH_ISSUER",
  "AUTH_AUDIENCE",
  "CORS_ALLOWED_ORIGINS",
  "CONTEXT_SUMMARY_RATIO",
  "CONTEXT_PRUNE_RATIO",
  "CONTEXT_SUMMARY_EVERY_TURNS",
  "CONTEXT_RAW_TURNS",
  "TURN_LEASE_MS",
  "TURN_RESUME_WINDOW_MS",
  "TURN_TIMEOUT_MS",
  "SUMMARY_GRACE_MS",
  "CHECKPOINT_RETENTION_DAYS",
  "RATE_LIMIT",
  "LOG_LEVEL",
];

/** Every setting the environment has for the Worker, the API keys that MODELS_JSON names among them. */
export function settingsFrom(env: Environment): Record<string, string> {
  const keySettings = [...(env.MODELS_JSON ?? "").matchAll(/"api_key_setting"\s*:\s*"([^"]+)"/g)];
  const names = [...HANDED_ON, ...keySettings.map(([, name]) => name ?? "")];
  const given = names.flatMap((name) => {
    const value = env[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}
