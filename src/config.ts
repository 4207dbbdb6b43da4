import { v5 as uuidv5 } from "uuid";
import { isBucket, isObjectNamespace, isQueue, isStaticFiles } from "./config/bindings.ts";
import { ConfigError, describeIssue, dropBlank } from "./config/config-error.ts";
import { describePrices, type ModelOverride, toCatalogModel } from "./config/model-override.ts";
import { key, type Settings, settings } from "./config/settings.ts";
import type { AuthSettings } from "./domain/auth-settings.ts";
import type { CreditSettings } from "./domain/billing/credit-settings.ts";
import { buildCatalog, type Catalog } from "./domain/catalog.ts";
import type { ContextLimits } from "./domain/context/context-budget.ts";
import type { Bucket } from "./domain/files/bucket.ts";
import type { FileLimits } from "./domain/files/file-limits.ts";
import type { ParseQueue } from "./domain/files/parse-queue.ts";
import type { LogLevel } from "./domain/log.ts";
import type { OidcClient } from "./domain/oidc-client.ts";
import { isRateLimiter, type RateLimiter } from "./domain/rate-limiter.ts";
import type { StaticFiles } from "./domain/static-files.ts";
import type { LocationHint, SessionObjects } from "./domain/turn/session-objects.ts";

/** The names of all settings. MODELS_JSON can name further settings with keys of providers. */
export const settingNames: readonly string[] = Object.keys(settings.shape);

/** The parsed settings of a deployment. Never log them whole: some are secrets. */
export type Config = {
  databaseUrl: string;
  /** The endpoint of the Neon driver in local mode; undefined: Neon's own. */
  neonHttpEndpoint: string | undefined;
  llmBaseUrl: string;
  /** Keys of model providers, by the names of their settings. */
  llmApiKeys: ReadonlyMap<string, string>;
  catalog: Catalog;
  /** Web search. Without a key the tool answers with an error. */
  tavily: { apiKey: string | undefined; baseUrl: string };
  context: ContextLimits;
  managerModelAlias: string;
  summarizerModelAlias: string;
  summaryGraceMs: number;
  /** Whether the summarizer makes the titles of sessions; else a title is the first line of the first message. */
  titlesByModel: boolean;
  credits: CreditSettings;
  /** Credits of a successful call by the tool's name, 10⁻⁸; a tool that is not in it is free. */
  toolPrices: ReadonlyMap<string, bigint>;
  modelCallTimeoutMs: number;
  modelCallTotalMs: number;
  turnTimeoutMs: number;
  /** How long a request waits for its turn before it is answered with the turn's state. */
  jsonWaitMs: number;
  turnLeaseMs: number;
  /** How long a keyed run whose holder is gone waits for its client to come back. */
  resumeWindowMs: number;
  checkpointRetentionDays: number;
  /** Days after which the bytes and text of a deleted file are removed. */
  fileRetentionDays: number;
  /** Days after which a deleted room or session is removed, with all its texts. */
  deletedRetentionDays: number;
  /** The bindings that count requests; null where RATE_LIMIT is off. */
  limiters: Limiters;
  fileBucket: Bucket;
  parseQueue: ParseQueue;
  /** Undefined: wrangler.toml binds no LIVE_SESSIONS, and no turn can run. */
  sessionObjects: SessionObjects | undefined;
  /** Where a new session's object is placed; undefined: near the first request for it. */
  sessionLocationHint: LocationHint | undefined;
  fileLimits: FileLimits;
  fileTokensPerTurn: number;
  maxRoomsOfUser: number;
  auth: AuthSettings;
  corsAllowedOrigins: readonly string[];
  /** How people sign in to the console; undefined: with a token that they paste. */
  oidc: OidcClient | undefined;
  /** The console's files; undefined where none are bound. */
  consoleFiles: StaticFiles | undefined;
  logLevel: LogLevel;
};

/** Turns, requests that do not validate, and uploads, by user. */
type Limiters = { turns: RateLimiter | null; invalid: RateLimiter | null; uploads: RateLimiter | null };

const limiterBindings = {
  turns: "TURN_LIMITER",
  invalid: "INVALID_LIMITER",
  uploads: "UPLOAD_LIMITER",
} as const satisfies Record<keyof Limiters, string>;

/** Holders stop 5 s before their lease ends; below 15 s that margin would shrink. */
const minDeployedLeaseMs = 15_000;

/**
 * Reads the Worker's bindings; no other code does. A blank one counts as not set.
 * @throws ConfigError naming each setting that is missing or bad.
 */
export function parseConfig(bindings: Readonly<Record<string, unknown>>): Config {
  const given = dropBlank(bindings);
  const parsed = settings.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => describeIssue(issue, given)));
  const values = parsed.data;
  const llmApiKeys = new Map([["LLM_API_KEY", values.LLM_API_KEY ?? "local"]]);
  const problems = [...findContradictions(values), ...collectKeys(values.MODELS_JSON, given, llmApiKeys)];
  const overrides = values.MODELS_JSON.map(toCatalogModel);
  const catalog = buildCatalog(overrides, priceSuffix(describePrices(values.MODELS_JSON)));
  for (const setting of ["MANAGER_MODEL_ALIAS", "SUMMARIZER_MODEL_ALIAS"] as const) {
    if (!catalog.models.has(values[setting])) problems.push(`${setting}: names no model of the catalog`);
  }
  const limiters = findLimiters(values, given, problems);
  const { FILES: fileBucket, PARSE_QUEUE: parseQueue, LIVE_SESSIONS: liveSessions } = given;
  if (!isBucket(fileBucket)) problems.push("FILES: wrangler.toml binds no R2 bucket FILES");
  if (!isQueue(parseQueue)) problems.push("PARSE_QUEUE: wrangler.toml binds no queue PARSE_QUEUE");
  if (problems.length > 0 || !isBucket(fileBucket) || !isQueue(parseQueue)) throw new ConfigError(problems);
  const consoleFiles = isStaticFiles(given.ASSETS) ? given.ASSETS : undefined;
  // Not checked at start: the profiler of a Worker's start-up cannot bind objects.
  const sessionObjects = isObjectNamespace(liveSessions) ? liveSessions : undefined;
  const bound = { fileBucket, parseQueue, sessionObjects, consoleFiles };
  return toConfig(values, { llmApiKeys, catalog, limiters, ...bound });
}

/** Finds the rate limiters. Adds a problem for each that is needed and not bound. */
function findLimiters(
  values: Settings,
  given: Readonly<Record<string, unknown>>,
  problems: string[],
): Limiters {
  const find = (kind: keyof Limiters): RateLimiter | null => {
    if (!areRequestsLimited(values)) return null;
    const limiter = given[limiterBindings[kind]];
    if (isRateLimiter(limiter)) return limiter;
    problems.push(`RATE_LIMIT: is on, but wrangler.toml binds no rate limiter ${limiterBindings[kind]}`);
    return null;
  };
  return { turns: find("turns"), invalid: find("invalid"), uploads: find("uploads") };
}

type ConfigParts = Pick<
  Config,
  "llmApiKeys" | "catalog" | "limiters" | "fileBucket" | "parseQueue" | "sessionObjects" | "consoleFiles"
>;

function toConfig(values: Settings, parts: ConfigParts): Config {
  return {
    ...parts,
    databaseUrl: values.DATABASE_URL,
    neonHttpEndpoint: values.NEON_HTTP_ENDPOINT,
    llmBaseUrl: values.LLM_BASE_URL,
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
    titlesByModel: values.SESSION_TITLES === "model",
    toolPrices: values.TOOL_PRICES,
    credits: {
      turnMaxE8: values.TURN_MAX_CREDITS,
      turnMinE8: values.TURN_MIN_CREDITS,
      required: values.CREDITS_REQUIRED === "on",
    },
    modelCallTimeoutMs: values.MODEL_CALL_TIMEOUT_MS,
    modelCallTotalMs: values.MODEL_CALL_TOTAL_MS,
    turnTimeoutMs: values.TURN_TIMEOUT_MS,
    jsonWaitMs: values.JSON_WAIT_MS,
    turnLeaseMs: values.TURN_LEASE_MS,
    resumeWindowMs: values.TURN_RESUME_WINDOW_MS,
    checkpointRetentionDays: values.CHECKPOINT_RETENTION_DAYS,
    fileRetentionDays: values.FILE_RETENTION_DAYS,
    deletedRetentionDays: values.DELETED_RETENTION_DAYS,
    sessionLocationHint: values.SESSION_LOCATION_HINT,
    fileLimits: {
      maxFileBytes: values.FILE_MAX_BYTES,
      maxRoomBytes: values.ROOM_MAX_FILE_BYTES,
      maxRoomFiles: values.ROOM_MAX_FILES,
      maxUserBytes: values.USER_MAX_FILE_BYTES,
    },
    fileTokensPerTurn: values.FILE_TOKENS_PER_TURN,
    maxRoomsOfUser: values.USER_MAX_ROOMS,
    auth: {
      issuer: values.AUTH_ISSUER,
      audience: values.AUTH_AUDIENCE,
      keys: authKeys(values),
      adminClaim: values.ADMIN_CLAIM,
      adminRole: values.ADMIN_ROLE,
    },
    corsAllowedOrigins: values.CORS_ALLOWED_ORIGINS,
    oidc: oidcClient(values),
    logLevel: values.LOG_LEVEL,
  };
}

/** Contradictions between settings that are valid each by itself. */
function findContradictions(values: Settings): string[] {
  const isLocal = values.NEON_HTTP_ENDPOINT !== undefined;
  const problems: [boolean, string][] = [
    [
      (values.AUTH_JWT_SECRET === undefined) === (values.AUTH_JWKS_URL === undefined),
      "AUTH_JWT_SECRET or AUTH_JWKS_URL: exactly one of the two must be set",
    ],
    [values.LLM_API_KEY === undefined && !isLocal, "LLM_API_KEY: is missing (needed outside local mode)"],
    [
      values.TURN_LEASE_MS < minDeployedLeaseMs && !isLocal,
      `TURN_LEASE_MS: must be at least ${minDeployedLeaseMs} outside local mode`,
    ],
    [
      values.CONTEXT_PRUNE_RATIO < values.CONTEXT_SUMMARY_RATIO,
      "CONTEXT_PRUNE_RATIO: must not be below CONTEXT_SUMMARY_RATIO",
    ],
    [
      values.TURN_MIN_CREDITS > values.TURN_MAX_CREDITS,
      "TURN_MIN_CREDITS: must not be above TURN_MAX_CREDITS",
    ],
    [
      values.CONTEXT_KEEP_RAW_TURNS >= values.CONTEXT_SUMMARY_EVERY_TURNS,
      "CONTEXT_KEEP_RAW_TURNS: must be below CONTEXT_SUMMARY_EVERY_TURNS",
    ],
    [
      (values.OIDC_ISSUER === undefined) !== (values.OIDC_CLIENT_ID === undefined),
      "OIDC_ISSUER, OIDC_CLIENT_ID: both or neither must be set",
    ],
  ];
  return problems.flatMap(([isFound, problem]) => (isFound ? [problem] : []));
}

/** Adds the keys that models name to `keys`, by setting. Returns the problems. */
function collectKeys(
  models: readonly ModelOverride[],
  bindings: Readonly<Record<string, unknown>>,
  keys: Map<string, string>,
): string[] {
  const aliases = new Set<string>();
  return models.flatMap(({ alias, base_url: baseUrl, api_key_setting: setting }) => {
    if (aliases.has(alias)) return [`MODELS_JSON: ${alias}: is defined twice`];
    aliases.add(alias);
    if (setting === undefined || setting === "LLM_API_KEY") {
      const isUnkeyed = baseUrl !== undefined && setting === undefined;
      return isUnkeyed ? [`MODELS_JSON: ${alias}: base_url needs api_key_setting`] : [];
    }
    if (settingNames.includes(setting))
      return [`MODELS_JSON: ${alias}: ${setting} is not the key of a model`];
    if (bindings[setting] === undefined) return [`${setting}: is missing (key of ${alias})`];
    const read = key.safeParse(bindings[setting]);
    if (!read.success) return [`${setting}: ${read.error.issues[0]?.message}`];
    keys.set(setting, read.data);
    return [];
  });
}

/** Without RATE_LIMIT: on in deployments, off in local mode. */
function areRequestsLimited({ RATE_LIMIT: setting, NEON_HTTP_ENDPOINT: localEndpoint }: Settings): boolean {
  return setting === undefined ? localEndpoint === undefined : setting === "on";
}

function authKeys(values: Settings): AuthSettings["keys"] {
  return values.AUTH_JWKS_URL === undefined
    ? { secret: values.AUTH_JWT_SECRET ?? "" }
    : { jwksUrl: values.AUTH_JWKS_URL };
}

function oidcClient(values: Settings): OidcClient | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId } = values;
  if (issuer === undefined || clientId === undefined) return undefined;
  return { issuer, clientId, audience: values.OIDC_AUDIENCE, scopes: values.OIDC_SCOPES };
}

/** The suffix of the pricing version of a deployment that has models of its own. */
function priceSuffix(text: string): string {
  return uuidv5(text, uuidv5.URL).slice(0, 8);
}
