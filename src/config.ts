import { v5 as uuidv5 } from "uuid";
import * as z from "zod";
import type { ContextLimits } from "./domain/agent-context.ts";
import { buildCatalog, type Catalog, type CatalogModel } from "./domain/catalog.ts";
import { isRateLimiter, type RateLimiter } from "./domain/rate-limiter.ts";

const positiveInteger = (fallback: number, minimum = 1) =>
  z.coerce.number().int().min(minimum).default(fallback);
const ratio = (fallback: number) => z.coerce.number().gt(0).max(1).default(fallback);
const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http(s) URL" });
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === "" ? undefined : value), schema);

/** Anything longer, a trailing slash for one, would never match what a browser sends. */
const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text;

const modelOverride = z.strictObject({
  alias: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/),
  provider: z.string().min(1),
  model: z.string().min(1),
  base_url: httpUrl.optional(),
  api_key_setting: z.string().optional(),
  context_window: z.number().int().min(2_048),
  multiplier: z.number().positive().multipleOf(0.01),
});

const settings = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: "must be a postgres:// URL" }),
  NEON_HTTP_ENDPOINT: optional(httpUrl.optional()),
  LLM_BASE_URL: optional(httpUrl.default("https://openrouter.ai/api/v1")),
  LLM_API_KEY: optional(z.string().optional()),
  MODELS_JSON: optional(
    z
      .string()
      .default("[]")
      .transform((text, context) => {
        try {
          return JSON.parse(text) as unknown;
        } catch {
          context.addIssue({ code: "custom", message: "is not JSON" });
          return z.NEVER;
        }
      })
      .pipe(z.array(modelOverride)),
  ),
  TAVILY_API_KEY: optional(z.string().optional()),
  TAVILY_BASE_URL: optional(httpUrl.default("https://api.tavily.com")),
  MAX_OUTPUT_TOKENS: optional(positiveInteger(2_048)),
  MODEL_CALL_TIMEOUT_MS: optional(positiveInteger(60_000)),
  TURN_TIMEOUT_MS: optional(positiveInteger(300_000)),
  TURN_LEASE_MS: optional(positiveInteger(30_000, 1_000)),
  TURN_RESUME_WINDOW_MS: optional(positiveInteger(600_000, 0)),
  CHECKPOINT_RETENTION_DAYS: optional(positiveInteger(7, 0)),
  MANAGER_MODEL_ALIAS: optional(z.string().default("deepseek")),
  SUMMARIZER_MODEL_ALIAS: optional(z.string().default("deepseek")),
  CONTEXT_SUMMARY_RATIO: optional(ratio(0.7)),
  CONTEXT_PRUNE_RATIO: optional(ratio(0.9)),
  CONTEXT_SUMMARY_EVERY_TURNS: optional(positiveInteger(8)),
  CONTEXT_KEEP_RAW_TURNS: optional(positiveInteger(4)),
  SUMMARY_GRACE_MS: optional(positiveInteger(2_000, 0)),
  AUTH_JWT_SECRET: optional(z.string().min(32, "must have at least 32 characters").optional()),
  AUTH_JWKS_URL: optional(httpUrl.optional()),
  AUTH_ISSUER: z.string().min(1),
  AUTH_AUDIENCE: z.string().min(1),
  CORS_ALLOWED_ORIGINS: optional(
    z
      .string()
      .default("")
      .transform((list) => list.split(",").flatMap((origin) => origin.trim() || []))
      .pipe(
        z.array(z.string().refine(isOrigin, "must be an origin as browsers send it: https://chat.example")),
      ),
  ),
  RATE_LIMIT: optional(z.enum(["on", "off"]).optional()),
  LOG_LEVEL: optional(z.enum(["debug", "info", "warn", "error"]).default("info")),
});

/** Every setting, by name; MODELS_JSON can name further ones that hold keys. */
export const settingNames: readonly string[] = Object.keys(settings.shape);

export type AuthSettings = {
  issuer: string;
  audience: string;
  keys: { secret: string } | { jwksUrl: string };
};

/** Everything a deployment can set, parsed; secrets among it, so never log it whole. */
export type Config = {
  databaseUrl: string;
  /** Where the Neon driver posts, in local mode only; absent: Neon itself. */
  neonHttpEndpoint: string | undefined;
  llmBaseUrl: string;
  /** Keys of model providers by the name of their setting. */
  llmApiKeys: ReadonlyMap<string, string>;
  catalog: Catalog;
  /** Web search; without a key it answers with an error. */
  tavily: { apiKey: string | undefined; baseUrl: string };
  context: ContextLimits;
  managerModelAlias: string;
  summarizerModelAlias: string;
  summaryGraceMs: number;
  modelCallTimeoutMs: number;
  turnTimeoutMs: number;
  turnLeaseMs: number;
  /** How long a keyed run whose holder is gone waits for its client to come back. */
  resumeWindowMs: number;
  checkpointRetentionDays: number;
  /** The binding that counts turns; null where RATE_LIMIT is off. */
  turnLimiter: RateLimiter | null;
  auth: AuthSettings;
  corsAllowedOrigins: readonly string[];
  logLevel: "debug" | "info" | "warn" | "error";
};

/** Thrown at start: one line per setting that is missing or bad. Never holds a value. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.map((problem) => `Setting ${problem}`).join("\n"));
    this.name = "ConfigError";
  }
}

/**
 * Reads the Worker's bindings; the only reader of them.
 * @throws ConfigError naming each setting that is missing or bad.
 */
export function parseConfig(bindings: Readonly<Record<string, unknown>>): Config {
  const parsed = settings.safeParse(bindings);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => describe(issue, bindings)));
  const values = parsed.data;
  const auth = { issuer: values.AUTH_ISSUER, audience: values.AUTH_AUDIENCE };
  const problems: string[] = [];
  if ((values.AUTH_JWT_SECRET === undefined) === (values.AUTH_JWKS_URL === undefined)) {
    problems.push("AUTH_JWT_SECRET or AUTH_JWKS_URL: exactly one of the two must be set");
  }
  if (values.LLM_API_KEY === undefined && values.NEON_HTTP_ENDPOINT === undefined) {
    problems.push("LLM_API_KEY: is missing (needed outside local mode)");
  }
  const overrides = values.MODELS_JSON.map(toCatalogModel);
  const llmApiKeys = new Map([["LLM_API_KEY", values.LLM_API_KEY ?? "local"]]);
  for (const { alias, baseUrl, apiKeySetting } of overrides) {
    if (baseUrl === undefined) continue;
    const key = apiKeySetting === undefined ? undefined : bindings[apiKeySetting];
    if (apiKeySetting === undefined) problems.push(`MODELS_JSON: ${alias}: base_url needs api_key_setting`);
    else if (typeof key !== "string" || key === "")
      problems.push(`${apiKeySetting}: is missing (key of ${alias})`);
    else llmApiKeys.set(apiKeySetting, key);
  }
  const catalog = buildCatalog(overrides, digest(JSON.stringify(values.MODELS_JSON)));
  for (const setting of ["MANAGER_MODEL_ALIAS", "SUMMARIZER_MODEL_ALIAS"] as const) {
    if (!catalog.models.has(values[setting])) problems.push(`${setting}: names no model of the catalog`);
  }
  const turnLimiter = findTurnLimiter(bindings, values);
  if (turnLimiter === undefined) {
    problems.push("RATE_LIMIT: is on, but wrangler.toml binds no rate limiter TURN_LIMITER");
  }
  if (problems.length > 0 || turnLimiter === undefined) throw new ConfigError(problems);
  return {
    databaseUrl: values.DATABASE_URL,
    neonHttpEndpoint: values.NEON_HTTP_ENDPOINT,
    llmBaseUrl: values.LLM_BASE_URL,
    llmApiKeys,
    catalog,
    tavily: { apiKey: values.TAVILY_API_KEY, baseUrl: values.TAVILY_BASE_URL },
    context: {
      maxOutputTokens: values.MAX_OUTPUT_TOKENS,
      summaryRatio: values.CONTEXT_SUMMARY_RATIO,
      pruneRatio: values.CONTEXT_PRUNE_RATIO,
      summaryEveryTurns: values.CONTEXT_SUMMARY_EVERY_TURNS,
      keepRawTurns: values.CONTEXT_KEEP_RAW_TURNS,
    },
    managerModelAlias: values.MANAGER_MODEL_ALIAS,
    summarizerModelAlias: values.SUMMARIZER_MODEL_ALIAS,
    summaryGraceMs: values.SUMMARY_GRACE_MS,
    modelCallTimeoutMs: values.MODEL_CALL_TIMEOUT_MS,
    turnTimeoutMs: values.TURN_TIMEOUT_MS,
    turnLeaseMs: values.TURN_LEASE_MS,
    resumeWindowMs: values.TURN_RESUME_WINDOW_MS,
    checkpointRetentionDays: values.CHECKPOINT_RETENTION_DAYS,
    turnLimiter,
    auth: { ...auth, keys: authKeys(values) },
    corsAllowedOrigins: values.CORS_ALLOWED_ORIGINS,
    logLevel: values.LOG_LEVEL,
  };
}

/** Undefined where the limit is on, as it is everywhere but in local mode, and its binding is missing. */
function findTurnLimiter(
  { TURN_LIMITER: limiter }: Readonly<Record<string, unknown>>,
  { RATE_LIMIT: wanted, NEON_HTTP_ENDPOINT: localEndpoint }: z.output<typeof settings>,
): RateLimiter | null | undefined {
  const isOn = wanted === undefined ? localEndpoint === undefined : wanted === "on";
  if (!isOn) return null;
  return isRateLimiter(limiter) ? limiter : undefined;
}

function authKeys(values: z.output<typeof settings>): AuthSettings["keys"] {
  return values.AUTH_JWKS_URL === undefined
    ? { secret: values.AUTH_JWT_SECRET ?? "" }
    : { jwksUrl: values.AUTH_JWKS_URL };
}

function toCatalogModel(override: z.output<typeof modelOverride>): CatalogModel {
  return {
    alias: override.alias,
    provider: override.provider,
    providerModel: override.model,
    contextWindowTokens: override.context_window,
    multiplierHundredths: Math.round(override.multiplier * 100),
    ...(override.base_url === undefined ? {} : { baseUrl: override.base_url }),
    ...(override.api_key_setting === undefined ? {} : { apiKeySetting: override.api_key_setting }),
  };
}

function digest(text: string): string {
  return uuidv5(text, uuidv5.URL).slice(0, 8);
}

function describe(issue: z.core.$ZodIssue, bindings: Readonly<Record<string, unknown>>): string {
  const [setting, ...inner] = issue.path.map(String);
  const value = bindings[setting ?? ""];
  if (value === undefined || value === "") return `${setting}: is missing`;
  return `${setting}: ${inner.length === 0 ? "" : `${inner.join(".")}: `}${issue.message}`;
}
