import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "pantheon-dev-"));
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

type Run = { child: ChildProcess; output(): string; errors(): string; ended: Promise<number | null> };

/** Runs a command of `dev/` with this test's data directory; empty settings win over a developer's `.dev.vars`. */
function run(script: string, args: string[] = [], settings: Record<string, string> = {}): Run {
  const { PATH, HOME } = process.env;
  const unset = { DATABASE_URL: "", LLM_API_KEY: "", AUTH_JWT_SECRET: "", AUTH_JWKS_URL: "" };
  const env = { PATH, HOME, PANTHEON_DATA_DIR: dataDir, ...unset, ...settings };
  const child = spawn(process.execPath, [join(ROOT, "dev", script), ...args], {
    cwd: ROOT,
    env,
    detached: true,
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, output: () => output, errors: () => errors, ended };
}

async function untilReady({ child, output, ended }: Run): Promise<string> {
  const ready = () => /^Pantheon ready on (\S+)$/m.exec(output())?.[1];
  await Promise.race([
    ended,
    new Promise<void>((resolve) => child.stdout?.on("data", () => ready() !== undefined && resolve())),
  ]);
  return ready() ?? expect.fail(`not ready: ${output()}`);
}

/** What a terminal does at Ctrl-C: the signal goes to the whole process group. */
function signalGroup({ child }: Run, signal: NodeJS.Signals): void {
  process.kill(-(child.pid ?? expect.fail("no process")), signal);
}

test("npm run dev serves a demo room, npm run token opens it, and Ctrl-C ends it without a trace", async () => {
  const dev = run("dev.ts", ["--port", "0"]);
  const url = await untilReady(dev);
  expect(dev.output()).toContain("Demo models (canned answers");

  const minting = run("token.ts", ["--sub", "demo", "--email", "demo@example.com"]);
  expect(await minting.ended).toBe(0);
  const headers = { Authorization: `Bearer ${minting.output().trim()}` };
  const rooms = await fetch(`${url}/api/v1/rooms`, { headers });
  expect(await rooms.json()).toMatchObject({ data: [{ name: "Demo room", current_mode: "tag" }] });

  const demo = run("demo.ts");
  expect(await demo.ended).toBe(0);
  expect(demo.output()).toContain(`Using the platform on ${url}`);
  expect(demo.output()).toMatch(/Ada: \[demo model\].+Grace: \[demo model\].+Ledger.+provider.+Timings/s);

  signalGroup(dev, "SIGINT");
  expect(await dev.ended).toBe(0);
  await expect(fetch(url)).rejects.toThrow("fetch failed");
  expect((await readdir(dataDir)).sort()).toEqual(["auth-secret", "postgres"]);
}, 60_000);

test("SIGTERM while it starts ends it as well", async () => {
  const dev = run("dev.ts", ["--port", "0"]);
  await new Promise((resolve) => dev.child.stdout?.once("data", resolve));
  dev.child.kill("SIGTERM");
  expect(await dev.ended).toBe(0);
  expect(dev.output()).not.toContain("Pantheon ready");
}, 60_000);

test.each([
  [
    "a bad DATABASE_URL",
    { DATABASE_URL: "postgres://eve:hunter2@127.0.0.1:1/x" },
    /^DATABASE_URL: no answer/,
  ],
  ["a bad setting", { LOG_LEVEL: "loud" }, /^Setting LOG_LEVEL: /],
  ["a port that is none", { PORT: "many" }, /^Not a port: many$/],
])("%s is one line and exit code 1", async (_what, settings, expected) => {
  const dev = run("dev.ts", [], { PORT: "0", ...settings });
  expect(await dev.ended).toBe(1);
  expect(dev.errors().trim()).toMatch(expected);
  expect(dev.errors().trim()).not.toMatch(/hunter2|\n/);
});

test("a port in use is one line and exit code 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const address = other.address();
  const port = address !== null && typeof address === "object" ? address.port : expect.fail("no port");
  const dev = run("dev.ts", ["--port", String(port)]);
  expect(await dev.ended).toBe(1);
  expect(dev.errors().trim()).toBe(`Port ${port} on 127.0.0.1 is in use.`);
  other.close();
});

test("a token needs somebody to name", async () => {
  const minting = run("token.ts", ["--email", "alice@example.com"]);
  expect(await minting.ended).toBe(1);
  expect(minting.errors()).toMatch(/^--sub is missing.*\n$/);
});
