import { waitUntil } from "cloudflare:workers";
import { v5 as uuidv5, v7 as uuidv7 } from "uuid";
import type { Config } from "./config.ts";
import { createDb, type Db } from "./db/core/client.ts";
import { createFileLibrary } from "./db/files/file-library.ts";
import { useApiKey } from "./db/keys/api-keys.ts";
import { apiKeyBytes, toApiKey } from "./domain/api-key.ts";
import type { CreditSettings } from "./domain/billing/credit-settings.ts";
import type { Catalog } from "./domain/catalog.ts";
import type { ContextLimits } from "./domain/context/context-budget.ts";
import { estimateTokens } from "./domain/context/token-estimate.ts";
import type { FileLimits } from "./domain/files/file-limits.ts";
import type { FileStore } from "./domain/files/file-store.ts";
import type { ParseQueue } from "./domain/files/parse-queue.ts";
import type { StreamHash } from "./domain/files/stream-hash.ts";
import type { Log } from "./domain/log.ts";
import type { OidcClient } from "./domain/oidc-client.ts";
import type { RateLimiter } from "./domain/rate-limiter.ts";
import type { StaticFiles } from "./domain/static-files.ts";
import type { OfferedTool } from "./domain/tool.ts";
import { permissionsOfTools, type ToolName, type ToolPermission } from "./domain/tool-names.ts";
import type { TurnOutcome } from "./domain/turn/turn-outcome.ts";
import { createTokenVerifier, type VerifyToken } from "./http/auth.ts";
import { createConsoleLog } from "./http/console-log.ts";
import type { TurnPorts } from "./runtime/graph/node-context.ts";
import { type RestoreInput, restoreOutcome } from "./runtime/graph/restore-outcome.ts";
import { type RunInput, type RunTurnResult, runTurn } from "./runtime/graph/run-turn.ts";
import { storedReplies } from "./runtime/graph/stored-replies.ts";
import { createOpenAiModel } from "./runtime/model/openai-model.ts";
import { createAdjustmentMemory } from "./runtime/model/request-adjustments.ts";
import { createR2Store } from "./storage/r2-store.ts";
import { createStreamHash } from "./storage/stream-hash.ts";
import { createFileReadTool } from "./tools/file-read.ts";
import { createFileSearchTool } from "./tools/file-search.ts";
import { createToolRegistry } from "./tools/registry.ts";
import { createSearchTool } from "./tools/search.ts";
import type { Tool } from "./tools/tool.ts";
import type { SessionHost, SessionHosts } from "./turn/session-host.ts";

/** The ports that belong to one run; the others are the same for all runs. */
export type RunPorts = Pick<
  TurnPorts,
  "holder" | "stop" | "cancel" | "mayCall" | "onCall" | "storeCheckpoint" | "emit" | "log"
>;

/** The parts that actions on files use. */
export type FileDeps = {
  fileStore: FileStore;
  /** Wakes the parser. The file's row is the job. */
  parseQueue: ParseQueue;
  fileLimits: FileLimits;
  /** Counts uploads by user; null: they are not limited. */
  uploadLimiter: RateLimiter | null;
  /** A SHA-256 of a stream of bytes. */
  createHash: () => StreamHash;
};

/** A tool, and the permission that an agent needs for it. */
export type ListedTool = Pick<OfferedTool, "description"> & { name: ToolName; permission: ToolPermission };

/** The parts that actions and runs use; built once for each isolate. */
export type Deps = {
  db: Db;
  catalog: Catalog;
  log: Log;
  /** The wall clock of this isolate, ms. Leases, and the times at which turns began, are by the clock of Postgres. */
  nowMs: () => number;
  /** The same clock as a date. */
  now: () => Date;
  /** A UUID v7. */
  newId: () => string;
  /** SHA-256 of a text, in hex. */
  digest: (text: string) => Promise<string>;
  /** Lets work go on after its client has disconnected or has its answer. */
  keepAlive: (work: Promise<unknown>) => void;
  /** What executes the runs of a session. */
  hosts: SessionHosts;
  runTurn: (run: RunInput, ports: RunPorts) => Promise<RunTurnResult>;
  /** The outcome of a stored run that is not continued. */
  restoreOutcome: (input: RestoreInput) => Promise<TurnOutcome>;
  /** The replies of a stored run that had arrived, in the order of answers. */
  storedReplies: typeof storedReplies;
  /** Estimated tokens of a text, unscaled. */
  estimateTokens: (text: string) => number;
  /** Every tool that an agent can be permitted to use. */
  listTools: () => ListedTool[];
  /** Settings that actions and runs read. */
  settings: {
    context: ContextLimits;
    managerModelAlias: string;
    summarizerModelAlias: string;
    titlesByModel: boolean;
    /** What runs may spend, 10⁻⁸ credits. */
    credits: CreditSettings;
    /** Credits of a successful call by the tool's name, 10⁻⁸. */
    toolPrices: ReadonlyMap<string, bigint>;
    /** How long a request waits for its turn. */
    jsonWaitMs: number;
    turnLeaseMs: number;
    resumeWindowMs: number;
    checkpointRetentionDays: number;
    fileRetentionDays: number;
    maxRoomsOfUser: number;
    deletedRetentionDays: number;
  };
  /** Counts turns by user; null: they are not limited. */
  turnLimiter: RateLimiter | null;
  /** Counts requests that do not validate, by user; null: they are not limited. */
  invalidLimiter: RateLimiter | null;
  files: FileDeps;
  /** Verifies a token of the identity provider. API keys are verified in front of it. */
  verifyToken: VerifyToken;
  /** The API key of this hash, which counts as used now; undefined: there is none. */
  findApiKey: (hash: string) => ReturnType<typeof useApiKey>;
  newApiKey: () => string;
  corsAllowedOrigins: readonly string[];
  oidc: OidcClient | undefined;
  /** The console's files; undefined where none are bound. */
  consoleFiles: StaticFiles | undefined;
};

/** Makes all parts and connects them. */
export function createDeps(config: Config): Deps {
  const nowMs = () => Date.now();
  const db = createDb(config.databaseUrl, config.neonHttpEndpoint);
  const tools = connectTools(config.tavily, db, nowMs);
  const ports = createTurnPorts(config, tools, nowMs);
  return {
    db,
    catalog: config.catalog,
    log: createConsoleLog(config.logLevel),
    nowMs,
    now: () => new Date(nowMs()),
    newId: uuidv7,
    digest: sha256Hex,
    keepAlive: waitUntil,
    hosts: connectHosts(config),
    runTurn: (run, perRun) => runTurn(run, { ...ports, ...perRun }),
    restoreOutcome: (input) => restoreOutcome(input, uuidv7),
    storedReplies,
    estimateTokens,
    listTools: () => listTools(tools),
    settings: {
      context: config.context,
      managerModelAlias: config.managerModelAlias,
      summarizerModelAlias: config.summarizerModelAlias,
      titlesByModel: config.titlesByModel,
      credits: config.credits,
      toolPrices: config.toolPrices,
      jsonWaitMs: config.jsonWaitMs,
      turnLeaseMs: config.turnLeaseMs,
      resumeWindowMs: config.resumeWindowMs,
      checkpointRetentionDays: config.checkpointRetentionDays,
      fileRetentionDays: config.fileRetentionDays,
      maxRoomsOfUser: config.maxRoomsOfUser,
      deletedRetentionDays: config.deletedRetentionDays,
    },
    turnLimiter: config.limiters.turns,
    invalidLimiter: config.limiters.invalid,
    files: {
      fileStore: createR2Store(config.fileBucket),
      parseQueue: config.parseQueue,
      fileLimits: config.fileLimits,
      uploadLimiter: config.limiters.uploads,
      createHash: createStreamHash,
    },
    verifyToken: createTokenVerifier(config.auth),
    findApiKey: (hash) => useApiKey(db, hash, new Date()),
    newApiKey: () => toApiKey(crypto.getRandomValues(new Uint8Array(apiKeyBytes))),
    corsAllowedOrigins: config.corsAllowedOrigins,
    oidc: config.oidc,
    consoleFiles: config.consoleFiles,
  };
}

/** What all runs of this deployment share. */
function createTurnPorts(
  config: Config,
  tools: Readonly<Record<ToolName, Tool>>,
  nowMs: () => number,
): Omit<TurnPorts, keyof RunPorts> {
  return {
    callModel: createOpenAiModel({
      baseUrl: config.llmBaseUrl,
      apiKeys: config.llmApiKeys,
      callTimeoutMs: config.modelCallTimeoutMs,
      callTotalMs: config.modelCallTotalMs,
      random: () => Math.random(),
      pause: () => scheduler.wait(0),
      now: nowMs,
      estimateTokens,
      adjustments: createAdjustmentMemory(),
    }),
    tools: createToolRegistry(Object.values(tools), { now: nowMs }),
    fileTokensPerTurn: config.fileTokensPerTurn,
    toolPrices: config.toolPrices,
    catalog: config.catalog,
    limits: config.context,
    managerModelAlias: config.managerModelAlias,
    summarizerModelAlias: config.summarizerModelAlias,
    estimateTokens,
    now: nowMs,
    turnTimeoutMs: config.turnTimeoutMs,
    summaryGraceMs: config.summaryGraceMs,
    newId: uuidv7,
    deriveId: (namespace, name) => uuidv5(name, namespace),
  };
}

/** Safe: the binding is of the class in src/live/session-object.ts, which is a SessionHost. */
function connectHosts({ sessionObjects, sessionLocationHint: locationHint }: Config): SessionHosts {
  const options = locationHint === undefined ? {} : { locationHint };
  return (sessionId) => {
    if (sessionObjects === undefined) throw new Error("wrangler.toml binds no Durable Object LIVE_SESSIONS");
    return sessionObjects.getByName(sessionId.toLowerCase(), options) as SessionHost;
  };
}

/** The tool of each name in src/domain/tool-names.ts. */
function connectTools(tavily: Config["tavily"], db: Db, now: () => number) {
  const files = { library: createFileLibrary(db), estimateTokens };
  return {
    search: createSearchTool({ ...tavily, fetch: (input, init) => fetch(input, init), now }),
    file_read: createFileReadTool(files),
    file_search: createFileSearchTool(files),
  } satisfies Record<ToolName, Tool>;
}

function listTools(tools: ReturnType<typeof connectTools>): ListedTool[] {
  const names = Object.keys(tools) as ToolName[];
  return names.map((name) => ({
    name,
    description: tools[name].description,
    permission: permissionsOfTools[name],
  }));
}

async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
