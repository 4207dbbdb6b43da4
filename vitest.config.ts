import { fileURLToPath } from "node:url";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { buildConsole } from "./dev/console/build-console.ts";
import { readTestSeed } from "./test/support/node/test-seed.ts";
import type {} from "./test/support/provided.d.ts";

const PURE = [
  "test/domain/**/*.test.ts",
  "test/db/turn-record.test.ts",
  "test/config.test.ts",
  "test/markdown.test.ts",
  "test/runtime/model/**/*.test.ts",
];
/** In Node: what starts the platform itself. */
const DEV = [
  "test/system/dev/**/*.test.ts",
  "test/system/abuse/wire.test.ts",
  "test/generated-clients/*.test.ts",
];
const FAULTS = "test/system/faults/**/*.test.ts";
/** Of those, the ones that depend on the database server. */
const DEV_OF_SERVER = [
  "test/system/dev/{checkpoint,migrate}*.test.ts",
  "test/system/dev/endless-statements.test.ts",
  "test/system/dev/version-before-steps.test.ts",
];
/** In the Worker, the ones in which requests meet in the database: its locks, races and recoveries. */
const WORKER_OF_SERVER = [
  "test/{db,live}/**/*.test.ts",
  "test/turn/{money,recovery}/**/*.test.ts",
  "test/turn/{all-or-nothing,concurrent-posts,idempotency,lease,lost-claim,open-during-commit,usage}.test.ts",
];
/** In a real browser, against a platform of its own. */
const CONSOLE = "test/console/**/*.test.ts";
/** `npm run test:clients` runs these: their packages are not the root's. */
const CLIENTS = "test/clients/**";
const ARCHITECTURE = "test/architecture.test.ts";
/** With TEST_DATABASE_URL only what depends on the database server is run: the rest ran in the pass without it. */
const isSecondPass = Boolean(process.env.TEST_DATABASE_URL);
const once = (include: string[]) => (isSecondPass ? [] : include);

// Nothing in a test run talks to anybody outside this machine.
process.env.WRANGLER_SEND_METRICS = "false";
process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";

/** As in wrangler.toml. */
const replaced = (find: RegExp, file: string) => ({
  find,
  replacement: fileURLToPath(new URL(file, import.meta.url)),
});
const REPLACED = [
  replaced(/^langsmith(\/.*)?$/, "./src/runtime/graph/langsmith-stub.ts"),
  replaced(/^@langchain\/core\/load$/, "./src/runtime/checkpoint/load-stub.ts"),
];

// The Worker's configuration is refused without the console's files.
await buildConsole();

const seed = readTestSeed(process.env);
// This file is read more than once a run.
if (!process.env.TEST_SEED) console.log(`TEST_SEED=${seed} repeats what this run leaves to chance.`);
process.env.TEST_SEED = String(seed);
const SEEDED = { provide: { seed }, setupFiles: ["test/support/property-seed.ts"] };

export default defineConfig({
  test: {
    projects: [
      { test: { name: "architecture", include: once([ARCHITECTURE]), testTimeout: 30_000 } },
      { test: { name: "pure", include: once(PURE), testTimeout: 30_000, ...SEEDED } },
      { test: { name: "faults", include: [FAULTS], ...SEEDED } },
      {
        test: {
          name: "dev",
          include: isSecondPass ? DEV_OF_SERVER : DEV,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          ...SEEDED,
        },
      },
      {
        test: {
          name: "console",
          include: once([CONSOLE]),
          globalSetup: isSecondPass ? [] : ["test/console/support/setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 90_000,
          // One browser at a time, and one script of the models.
          maxWorkers: 1,
          ...SEEDED,
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            main: "./test/support/worker.ts",
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                DATABASE_URL: inject("databaseUrl"),
                NEON_HTTP_ENDPOINT: inject("neonEndpoint"),
                LLM_BASE_URL: `${inject("modelServer")}/s/default/v1`,
                LLM_API_KEY: "test-key",
                TAVILY_BASE_URL: `${inject("searchServer")}/s/default`,
                TAVILY_API_KEY: "tavily-test-key",
                AUTH_JWT_SECRET: "only-for-tests-0123456789abcdef0123456789abcdef",
                AUTH_ISSUER: "pantheon-test",
                AUTH_AUDIENCE: "pantheon",
                CORS_ALLOWED_ORIGINS: "http://app.example",
              },
            },
          })),
        ],
        // As wrangler.toml has it for the bundle: what is tested is what runs.
        resolve: { alias: REPLACED },
        test: {
          name: "worker",
          ...SEEDED,
          // One isolate for all files: each would load and transform the whole Worker anew.
          isolate: false,
          maxWorkers: 1,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: isSecondPass ? WORKER_OF_SERVER : ["test/**/*.test.ts"],
          exclude: [...PURE, ...DEV, FAULTS, CONSOLE, CLIENTS, "**/node_modules/**", ARCHITECTURE],
          globalSetup: ["test/support/node/global-setup.ts"],
        },
      },
    ],
  },
});
