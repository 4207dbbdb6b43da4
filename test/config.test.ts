import { expect, test } from "vitest";
import { ConfigError, parseConfig } from "../src/config.ts";

const whole = {
  DATABASE_URL: "postgres://user:pw@db.example/pantheon",
  LLM_API_KEY: "llm-secret",
  AUTH_JWT_SECRET: "jwt-secret-0123456789abcdef0123456789",
  AUTH_ISSUER: "https://id.example",
  AUTH_AUDIENCE: "pantheon",
  TURN_LIMITER: { limit: async () => ({ success: true }) },
};

/** The lines of complaint about the settings, with these in place of the good ones. */
function complaints(changes: Record<string, unknown>): string[] {
  try {
    parseConfig({ ...whole, ...changes });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return [];
}

test("few settings are needed; the others have defaults", () => {
  expect(parseConfig(whole)).toMatchObject({
    databaseUrl: whole.DATABASE_URL,
    neonHttpEndpoint: undefined,
    llmBaseUrl: "https://openrouter.ai/api/v1",
    managerModelAlias: "deepseek",
    summarizerModelAlias: "deepseek",
    modelCallTimeoutMs: 60_000,
    turnTimeoutMs: 300_000,
    auth: { issuer: whole.AUTH_ISSUER, audience: "pantheon", keys: { secret: whole.AUTH_JWT_SECRET } },
    corsAllowedOrigins: [],
    logLevel: "info",
  });
});

test("an empty setting is as good as none", () => {
  const empty = {
    MODELS_JSON: "",
    LLM_BASE_URL: "",
    AUTH_JWKS_URL: "",
    CORS_ALLOWED_ORIGINS: "",
    LOG_LEVEL: "",
  };
  expect(parseConfig({ ...whole, ...empty })).toEqual(parseConfig(whole));
});

test.each(["DATABASE_URL", "AUTH_ISSUER", "AUTH_AUDIENCE", "LLM_API_KEY"])("%s is needed", (name) => {
  for (const missing of [undefined, ""]) {
    expect(complaints({ [name]: missing })).toEqual([
      expect.stringMatching(new RegExp(`^Setting ${name}: is missing`)),
    ]);
  }
});

test("all that is missing is told at once, one line each", () => {
  const lines = complaints({ DATABASE_URL: undefined, AUTH_ISSUER: undefined, MAX_OUTPUT_TOKENS: "many" });
  expect(lines).toHaveLength(3);
  expect(lines.join()).toMatch(/DATABASE_URL.*AUTH_ISSUER|AUTH_ISSUER.*DATABASE_URL/s);
});

test.each([
  ["DATABASE_URL", "mysql://db.example/x"],
  ["DATABASE_URL", "not a url"],
  ["NEON_HTTP_ENDPOINT", "ftp://db.example"],
  ["LLM_BASE_URL", "openrouter"],
  ["MODELS_JSON", "{"],
  ["MODELS_JSON", "{}"],
  ["MODELS_JSON", '[{"alias":"a"}]'],
  ["MAX_OUTPUT_TOKENS", "0"],
  ["MAX_OUTPUT_TOKENS", "many"],
  ["MODEL_CALL_TIMEOUT_MS", "-1"],
  ["TURN_TIMEOUT_MS", "1.5"],
  ["AUTH_JWT_SECRET", "short"],
  ["AUTH_JWKS_URL", "id.example/keys"],
  ["CORS_ALLOWED_ORIGINS", "app.example"],
  ["CORS_ALLOWED_ORIGINS", "http://a.example, nonsense"],
  ["CORS_ALLOWED_ORIGINS", "http://a.example/path"],
  ["CORS_ALLOWED_ORIGINS", "http://a.example/"],
  ["CORS_ALLOWED_ORIGINS", "*"],
  ["CONTEXT_SUMMARY_RATIO", "1.5"],
  ["CONTEXT_PRUNE_RATIO", "half"],
  ["SUMMARY_GRACE_MS", "-1"],
  ["MANAGER_MODEL_ALIAS", "gpt-17"],
  ["SUMMARIZER_MODEL_ALIAS", "gpt-17"],
  ["RATE_LIMIT", "10"],
  ["LOG_LEVEL", "loud"],
])("%s = %j is refused by name, and not repeated", (name, value) => {
  const lines = complaints({ [name]: value });
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines)
    expect(line).toMatch(new RegExp(`^Setting (${name}|AUTH_JWT_SECRET or ${name}): .`));
  if (value.length > 3) expect(lines.join()).not.toContain(value);
});

test("tokens are checked with a secret or with a key set, never with both or neither", () => {
  const line = "Setting AUTH_JWT_SECRET or AUTH_JWKS_URL: exactly one of the two must be set";
  expect(complaints({ AUTH_JWT_SECRET: undefined })).toEqual([line]);
  expect(complaints({ AUTH_JWKS_URL: "https://id.example/keys" })).toEqual([line]);
  const { auth } = parseConfig({
    ...whole,
    AUTH_JWT_SECRET: undefined,
    AUTH_JWKS_URL: "https://id.example/keys",
  });
  expect(auth.keys).toEqual({ jwksUrl: "https://id.example/keys" });
});

test("only in local mode is no model key needed", () => {
  expect(complaints({ LLM_API_KEY: undefined })).toHaveLength(1);
  expect(complaints({ LLM_API_KEY: undefined, NEON_HTTP_ENDPOINT: "http://127.0.0.1:1/sql" })).toEqual([]);
});

test("turns are limited everywhere but in local mode, where they may be; the limit needs its binding", () => {
  const limiterWith = (changes: Record<string, unknown>) => parseConfig({ ...whole, ...changes }).turnLimiter;
  const local = { NEON_HTTP_ENDPOINT: "http://127.0.0.1:1/sql" };
  expect(limiterWith({})).toBe(whole.TURN_LIMITER);
  expect(limiterWith({ RATE_LIMIT: "" })).toBe(whole.TURN_LIMITER);
  expect(limiterWith({ RATE_LIMIT: "off" })).toBeNull();
  expect(limiterWith(local)).toBeNull();
  expect(limiterWith({ ...local, RATE_LIMIT: "on" })).toBe(whole.TURN_LIMITER);
  const line = "Setting RATE_LIMIT: is on, but wrangler.toml binds no rate limiter TURN_LIMITER";
  for (const unusable of [undefined, "limiter", {}]) {
    expect(complaints({ TURN_LIMITER: unusable })).toEqual([line]);
    expect(complaints({ TURN_LIMITER: unusable, RATE_LIMIT: "off" })).toEqual([]);
  }
});

test("a model of another provider needs the setting that holds its key", () => {
  const model = { alias: "own", provider: "acme", model: "one", context_window: 4_096, multiplier: 1 };
  const elsewhere = { ...model, base_url: "https://acme.example/v1" };
  const withModels = (...models: unknown[]) => ({ MODELS_JSON: JSON.stringify(models) });
  expect(complaints(withModels(model))).toEqual([]);
  expect(complaints(withModels(elsewhere))).toEqual([
    "Setting MODELS_JSON: own: base_url needs api_key_setting",
  ]);
  const keyed = { ...elsewhere, api_key_setting: "ACME_KEY" };
  expect(complaints(withModels(keyed))).toEqual(["Setting ACME_KEY: is missing (key of own)"]);
  const config = parseConfig({ ...whole, ...withModels(keyed), ACME_KEY: "acme-secret" });
  expect(config.llmApiKeys.get("ACME_KEY")).toBe("acme-secret");
  expect(config.catalog.isStandard).toBe(false);
});

test("no complaint repeats a value, secrets least of all", () => {
  const secret = "s3cr3t";
  const lines = complaints({
    DATABASE_URL: `mysql://user:${secret}@db.example`,
    AUTH_JWT_SECRET: secret,
    MODELS_JSON: `[{"alias":"${secret}"`,
    LOG_LEVEL: secret,
  });
  expect(lines).toHaveLength(4);
  expect(lines.join()).not.toContain(secret);
});
