import { describe, expect, test } from "vitest";
import providers from "../docs/providers.md?raw";
import { ConfigError } from "../src/config/config-error.ts";
import { modelOverrideFields } from "../src/config/model-override.ts";
import { parseConfig, settingNames } from "../src/config.ts";
import { standardPricingVersion } from "../src/domain/catalog.ts";
import { standardDialect } from "../src/domain/model-dialect.ts";
import { storageBindings } from "./support/storage-bindings.ts";

const whole = {
  DATABASE_URL: "postgres://user:pw@db.example/pantheon",
  LLM_API_KEY: "llm-secret",
  AUTH_JWT_SECRET: "jwt-secret-0123456789abcdef0123456789",
  AUTH_ISSUER: "https://id.example",
  AUTH_AUDIENCE: "pantheon",
  TURN_LIMITER: { limit: async () => ({ success: true }) },
  INVALID_LIMITER: { limit: async () => ({ success: true }) },
  UPLOAD_LIMITER: { limit: async () => ({ success: true }) },
  LIVE_SESSIONS: { getByName: () => undefined },
  ...storageBindings,
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

test("a few settings are required; the others have defaults", () => {
  expect(parseConfig(whole)).toMatchObject({
    databaseUrl: whole.DATABASE_URL,
    neonHttpEndpoint: undefined,
    llmBaseUrl: "https://openrouter.ai/api/v1",
    managerModelAlias: "deepseek",
    summarizerModelAlias: "deepseek",
    titlesByModel: false,
    modelCallTimeoutMs: 60_000,
    modelCallTotalMs: 240_000,
    turnTimeoutMs: 300_000,
    auth: { issuer: whole.AUTH_ISSUER, audience: "pantheon", keys: { secret: whole.AUTH_JWT_SECRET } },
    corsAllowedOrigins: [],
    logLevel: "info",
  });
});

test.each(["", " ", "\t\n"])("a blank setting (%j) counts as missing", (blank) => {
  const names = settingNames.filter((name) => !(name in whole));
  expect(names.length).toBeGreaterThan(15);
  const settings = Object.fromEntries(names.map((name) => [name, blank]));
  expect(parseConfig({ ...whole, ...settings })).toEqual(parseConfig(whole));
});

test.each(["DATABASE_URL", "AUTH_ISSUER", "AUTH_AUDIENCE", "LLM_API_KEY"])("%s is required", (name) => {
  for (const missing of [undefined, "", " ", "\n"]) {
    expect(complaints({ [name]: missing })).toEqual([
      expect.stringMatching(new RegExp(`^Setting ${name}: is missing`)),
    ]);
  }
});

test("all missing settings are reported at once, one line each", () => {
  const lines = complaints({ DATABASE_URL: undefined, AUTH_ISSUER: undefined, MAX_OUTPUT_TOKENS: "many" });
  expect(lines).toHaveLength(3);
  expect(lines.join()).toMatch(/DATABASE_URL.*AUTH_ISSUER|AUTH_ISSUER.*DATABASE_URL/s);
});

test.each([
  ["DATABASE_URL", "mysql://db.example/x"],
  ["DATABASE_URL", "not a url"],
  ["DATABASE_URL", "postgres://"],
  ["DATABASE_URL", "postgres://db.example/pantheon"],
  ["DATABASE_URL", "postgres://user:pw@db.example"],
  ["DATABASE_URL", "postgres://user:pw@db.example/"],
  ["DATABASE_URL", "postgres:///pantheon"],
  ["DATABASE_URL", "postgres://user:un#escaped@db.example/pantheon"],
  ["NEON_HTTP_ENDPOINT", "ftp://db.example"],
  ["LLM_BASE_URL", "openrouter"],
  ["MODELS_JSON", "{"],
  ["MODELS_JSON", "{}"],
  ["MODELS_JSON", '[{"alias":"a"}]'],
  ["MAX_OUTPUT_TOKENS", "0"],
  ["MAX_OUTPUT_TOKENS", "many"],
  ["MAX_OUTPUT_TOKENS", "1000001"],
  ["MAX_OUTPUT_TOKENS", "1e3"],
  ["MAX_OUTPUT_TOKENS", "0x10"],
  ["MAX_OUTPUT_TOKENS", " 50 "],
  ["MAX_OUTPUT_TOKENS", "+50"],
  ["MAX_OUTPUT_TOKENS", 0.5],
  ["MAX_OUTPUT_TOKENS", true],
  ["MODEL_CALL_TIMEOUT_MS", "-1"],
  ["MODEL_CALL_TIMEOUT_MS", "86400001"],
  ["TURN_TIMEOUT_MS", "1.5"],
  // A timer of so many ms fires at once.
  ["TURN_TIMEOUT_MS", "2147483648"],
  ["TURN_TIMEOUT_MS", "99999999999999999999"],
  ["TURN_LEASE_MS", "0"],
  ["TURN_LEASE_MS", "14999"],
  ["TURN_LEASE_MS", "86400001"],
  ["TURN_RESUME_WINDOW_MS", "86400001"],
  ["CHECKPOINT_RETENTION_DAYS", "3651"],
  ["LLM_API_KEY", "sk-two words"],
  ["LLM_API_KEY", "sk-newline\n"],
  ["LLM_API_KEY", "sk-schlüssel"],
  ["TAVILY_API_KEY", "tvly-newline\r\n"],
  ["AUTH_ISSUER", " https://id.example"],
  ["AUTH_AUDIENCE", "pantheon\n"],
  ["AUTH_JWT_SECRET", "short"],
  ["AUTH_JWKS_URL", "id.example/keys"],
  ["CORS_ALLOWED_ORIGINS", "app.example"],
  ["CORS_ALLOWED_ORIGINS", "http://a.example, nonsense"],
  ["CORS_ALLOWED_ORIGINS", "http://a.example/path"],
  ["CORS_ALLOWED_ORIGINS", "http://a.example/"],
  ["CORS_ALLOWED_ORIGINS", "*"],
  ["CORS_ALLOWED_ORIGINS", "https://*"],
  ["CORS_ALLOWED_ORIGINS", "https://*.example"],
  ["CORS_ALLOWED_ORIGINS", "https://*.*.example"],
  ["CORS_ALLOWED_ORIGINS", "https://a.*.example"],
  ["CORS_ALLOWED_ORIGINS", "https://a*.app.example"],
  ["CORS_ALLOWED_ORIGINS", "*://*.app.example"],
  ["CONTEXT_SUMMARY_RATIO", "1.5"],
  ["CONTEXT_SUMMARY_RATIO", "0"],
  ["CONTEXT_SUMMARY_RATIO", "7e-1"],
  ["CONTEXT_PRUNE_RATIO", "half"],
  ["CONTEXT_PRUNE_RATIO", "0.69"],
  ["CONTEXT_KEEP_RAW_TURNS", "8"],
  ["CONTEXT_SUMMARY_EVERY_TURNS", "1001"],
  ["SUMMARY_GRACE_MS", "-1"],
  ["MANAGER_MODEL_ALIAS", "gpt-17"],
  ["SUMMARIZER_MODEL_ALIAS", "gpt-17"],
  ["SESSION_TITLES", "on"],
  ["RATE_LIMIT", "10"],
  ["LOG_LEVEL", "loud"],
])("%s = %j is refused; the message has the name and not the value", (name, value) => {
  const lines = complaints({ [name]: value });
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines)
    expect(line).toMatch(new RegExp(`^Setting (${name}|AUTH_JWT_SECRET or ${name}): .`));
  if (String(value).length > 11) expect(lines.join()).not.toContain(value);
});

test.each([
  ["CONTEXT_PRUNE_RATIO", "0.7", { pruneRatio: 0.7 }],
  ["CONTEXT_SUMMARY_RATIO", ".5", { summaryRatio: 0.5 }],
  ["CONTEXT_KEEP_RAW_TURNS", "7", { keepRawTurns: 7 }],
  ["MAX_OUTPUT_TOKENS", 512, { maxOutputTokens: 512 }],
])("%s = %j is accepted", (name, value, context) => {
  expect(parseConfig({ ...whole, [name]: value }).context).toMatchObject(context);
});

test("a lease shorter than a holder's margin is accepted in local mode only", () => {
  expect(complaints({ TURN_LEASE_MS: "14999" })).toEqual([
    "Setting TURN_LEASE_MS: must be at least 15000 outside local mode",
  ]);
  expect(complaints({ TURN_LEASE_MS: "15000" })).toEqual([]);
  expect(complaints({ TURN_LEASE_MS: "1000", NEON_HTTP_ENDPOINT: "http://127.0.0.1:1/sql" })).toEqual([]);
});

test("tokens are verified with a secret or a key set, never with both or neither", () => {
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

test("a model key may be missing in local mode only", () => {
  expect(complaints({ LLM_API_KEY: undefined })).toHaveLength(1);
  expect(complaints({ LLM_API_KEY: undefined, NEON_HTTP_ENDPOINT: "http://127.0.0.1:1/sql" })).toEqual([]);
});

const ownModel = { alias: "own", provider: "acme", model: "one", context_window: 4_096, multiplier: 1 };
const withModels = (...models: unknown[]) => ({ MODELS_JSON: JSON.stringify(models) });

test.each([
  ["alias", { alias: "a b" }],
  ["provider", { provider: " " }],
  ["model", { model: "" }],
  ["base_url", { base_url: "acme.example" }],
  ["context_window", { context_window: 2_047 }],
  ["context_window", { context_window: 100_000_001 }],
  ["context_window", { context_window: 4_096.5 }],
  ["context_window", { context_window: "4096" }],
  ["multiplier", { multiplier: 0 }],
  ["multiplier", { multiplier: 1e-7 }],
  ["multiplier", { multiplier: 0.005 }],
  ["multiplier", { multiplier: 1.005 }],
  ["multiplier", { multiplier: 10_000 }],
  ["multiplier", { multiplier: 1e21 }],
  ["api_key_setting", { api_key_setting: "acme key" }],
  ["max_tokens_field", { max_tokens_field: "max_new_tokens" }],
  ["omit", { omit: "temperature" }],
  ["omit\\.0", { omit: ["max_tokens"] }],
  ["omit\\.1", { omit: ["top_p", "messages"] }],
  ["omit", { omit: ["top_p"], extra_body: { top_p: 1 } }],
  ["extra_body", { extra_body: [] }],
  ["extra_body", { extra_body: { a: "x".repeat(4_089) } }],
  ...["model", "messages", "tools", "tool_choice", "stream", "stream_options", "n", "max_tokens"].map(
    (name) => ["extra_body", { extra_body: { [name]: 1 } }] as [string, object],
  ),
  ["extra_body", { extra_body: { max_completion_tokens: 1 } }],
  ["system_role", { system_role: "assistant" }],
  ["send_back", { send_back: "all" }],
  ["send_back", { send_back: ["content"] }],
  ["reasoning_in_text", { reasoning_in_text: "yes" }],
  ["retries", { retries: 3 }],
  ["retries", { retries: -1 }],
  ["retries", { retries: 0.5 }],
])("a model's %s outside its bounds is refused: %j", (field, change) => {
  const lines = complaints(withModels(ownModel, { ...ownModel, alias: "other", ...change }));
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^Setting MODELS_JSON: 1\\.${field}: .`))]);
});

test("a model has the dialect that the deployment describes, and the standard one where nothing is set", () => {
  const dialect = {
    max_tokens_field: "max_completion_tokens",
    omit: ["temperature", "stream_options"],
    extra_body: { a: "x".repeat(4_088) },
    system_role: "developer",
    send_back: ["reasoning_content"],
    reasoning_in_text: true,
    retries: 0,
  };
  const models = withModels(ownModel, { ...ownModel, ...dialect, alias: "other" });
  const { catalog } = parseConfig({ ...whole, ...models });
  expect(catalog.models.get("own")?.dialect).toEqual(standardDialect);
  expect(catalog.models.get("other")?.dialect).toEqual({
    maxTokensField: "max_completion_tokens",
    omit: ["temperature", "stream_options"],
    extraBody: dialect.extra_body,
    systemRole: "developer",
    sendBack: ["reasoning_content"],
    reasoningInText: true,
    retries: 0,
  });
});

test("a model's dialect does not change the pricing version; its price does", () => {
  const versionOf = (change: object) =>
    parseConfig({ ...whole, ...withModels({ ...ownModel, ...change }) }).catalog.pricingVersion;
  expect(versionOf({ omit: ["top_p"], retries: 1 })).toBe(versionOf({}));
  expect(versionOf({ multiplier: 2 })).not.toBe(versionOf({}));
  expect(versionOf({})).toBe("2026-02-20+918e6897");
});

test("a multiplier may have two decimals", () => {
  const pairs = [0.01, 0.07, 0.29, 1.1, 14.29, 1_234.56, 9_999.99].map((multiplier) => {
    const { catalog } = parseConfig({ ...whole, ...withModels({ ...ownModel, multiplier }) });
    return [multiplier, catalog.models.get("own")?.multiplierHundredths];
  });
  expect(pairs).toEqual(pairs.map(([multiplier]) => [multiplier, Number(`${multiplier}e2`)]));
});

test("MODELS_JSON has each alias once", () => {
  expect(complaints(withModels(ownModel, ownModel))).toEqual(["Setting MODELS_JSON: own: is defined twice"]);
});

test("a model's key has a setting of its own, may be shared by models, and must fit into a header", () => {
  const keyed = { ...ownModel, api_key_setting: "ACME_KEY" };
  const config = parseConfig({ ...whole, ...withModels(keyed), ACME_KEY: "acme-secret" });
  expect(config.llmApiKeys.get("ACME_KEY")).toBe("acme-secret");
  expect(complaints({ ...withModels(keyed), ACME_KEY: " " })).toEqual([
    "Setting ACME_KEY: is missing (key of own)",
  ]);
  expect(complaints({ ...withModels(keyed), ACME_KEY: "acme secret" })).toEqual([
    "Setting ACME_KEY: must be printable ASCII without spaces",
  ]);
  expect(complaints(withModels({ ...ownModel, api_key_setting: "AUTH_JWT_SECRET" }))).toEqual([
    "Setting MODELS_JSON: own: AUTH_JWT_SECRET is not the key of a model",
  ]);
  expect(complaints(withModels({ ...ownModel, api_key_setting: "LLM_API_KEY" }))).toEqual([]);
});

test.each([
  { kind: "turns", binding: "TURN_LIMITER" },
  { kind: "invalid", binding: "INVALID_LIMITER" },
  { kind: "uploads", binding: "UPLOAD_LIMITER" },
] as const)(
  "$kind are limited outside local mode, and in local mode on request; $binding must be bound",
  (limit) => {
    const { kind, binding } = limit;
    const limiterWith = (changes: Record<string, unknown>) =>
      parseConfig({ ...whole, ...changes }).limiters[kind];
    const local = { NEON_HTTP_ENDPOINT: "http://127.0.0.1:1/sql" };
    expect(limiterWith({})).toBe(whole[binding]);
    expect(limiterWith({ RATE_LIMIT: "" })).toBe(whole[binding]);
    expect(limiterWith({ RATE_LIMIT: "off" })).toBeNull();
    expect(limiterWith(local)).toBeNull();
    expect(limiterWith({ ...local, RATE_LIMIT: "on" })).toBe(whole[binding]);
    const line = `Setting RATE_LIMIT: is on, but wrangler.toml binds no rate limiter ${binding}`;
    for (const unusable of [undefined, "limiter", {}]) {
      expect(complaints({ [binding]: unusable })).toEqual([line]);
      expect(complaints({ [binding]: unusable, RATE_LIMIT: "off" })).toEqual([]);
    }
  },
);

test("a model of another provider needs the setting that holds its key", () => {
  const elsewhere = { ...ownModel, base_url: "https://acme.example/v1" };
  expect(complaints(withModels(ownModel))).toEqual([]);
  expect(complaints(withModels(elsewhere))).toEqual([
    "Setting MODELS_JSON: own: base_url needs api_key_setting",
  ]);
  const keyed = { ...elsewhere, api_key_setting: "ACME_KEY" };
  expect(complaints(withModels(keyed))).toEqual(["Setting ACME_KEY: is missing (key of own)"]);
  const config = parseConfig({ ...whole, ...withModels(keyed), ACME_KEY: "acme-secret" });
  expect(config.llmApiKeys.get("ACME_KEY")).toBe("acme-secret");
  expect(config.catalog.pricingVersion).not.toBe(standardPricingVersion);
});

test("no message about a setting has its value", () => {
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

describe("docs/providers.md", () => {
  const sections = providers.split(/^## /m).slice(1);
  const blocks = sections.map((section) => [
    section.split("\n")[0] ?? "",
    /```json\n(.*?)```/s.exec(section)?.[1] ?? "",
  ]);

  test("has a setting for each common provider, and says that none was tried", () => {
    expect(blocks.map(([name]) => name)).toEqual([
      ...["OpenRouter", "OpenAI", "Azure OpenAI", "Gemini", "Mistral", "DeepSeek", "Groq", "vLLM", "Ollama"],
      "LiteLLM",
    ]);
    expect(providers).toContain("None of these settings was tried against the real service");
  });

  test.each(blocks)("a deployment starts with the setting for %s", (_, block) => {
    const [model] = JSON.parse(block);
    const key = model.api_key_setting === undefined ? {} : { [model.api_key_setting]: "sk-of-the-provider" };
    const { catalog } = parseConfig({ ...whole, ...key, MODELS_JSON: block });
    expect(catalog.models.get(model.alias)).toMatchObject({ providerModel: model.model });
  });

  test("explains every field of a model, with its default", () => {
    const explained = [...providers.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, names = ""]) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(explained.toSorted()).toEqual(Object.keys(modelOverrideFields).toSorted());
  });
});
