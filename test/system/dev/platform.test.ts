import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const repositoryDir = fileURLToPath(new URL("../../..", import.meta.url));
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "pantheon-dev-"));
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

type Run = { child: ChildProcess; output(): string; errors(): string; ended: Promise<number | null> };

/** Runs a command of `dev/` with this test's data directory; empty settings win over a developer's `.dev.vars`. */
function run(script: string, args: string[] = [], settings: Record<string, string> = {}): Run {
  const { PATH, HOME } = process.env;
  const unset = {
    DATABASE_URL: "",
    LLM_API_KEY: "",
    TAVILY_API_KEY: "",
    AUTH_JWT_SECRET: "",
    AUTH_JWKS_URL: "",
  };
  const env = { PATH, HOME, PANTHEON_DATA_DIR: dataDir, ...unset, ...settings };
  const child = spawn(process.execPath, [join(repositoryDir, "dev", script), ...args], {
    cwd: repositoryDir,
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

/** The process that has this argument, of those that run now. */
async function findProcess(argument: string): Promise<number> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  const index = lines.findIndex((line) => line.includes(`\0--socket-addr=${argument}\0`));
  return Number(ids[index] ?? expect.fail(`no process has ${argument}`));
}

/** What a terminal does at Ctrl-C: the signal goes to the whole process group. */
function signalGroup({ child }: Run, signal: NodeJS.Signals): void {
  process.kill(-(child.pid ?? expect.fail("no process")), signal);
}

test("npm run dev serves a demo room to a token of npm run token, and Ctrl-C ends it and leaves nothing running", async () => {
  const dev = run("dev.ts", ["--port", "0"]);
  const url = await untilReady(dev);
  expect(dev.output()).toMatch(/^Models: a demo server.+\nSearch: a demo server/m);

  const minting = run("token.ts", ["--sub", "demo", "--email", "demo@example.com"]);
  expect(await minting.ended).toBe(0);
  const headers = { Authorization: `Bearer ${minting.output().trim()}` };
  const rooms = await fetch(`${url}/api/v1/rooms`, { headers });
  const id = "019b7e00-0000-7000-8000-00000000d000";
  expect(await rooms.json()).toMatchObject({ data: [{ id, name: "Demo room", current_mode: "tag" }] });
  const roster = await fetch(`${url}/api/v1/rooms/${id}/agents`, { headers });
  expect(await roster.json()).toMatchObject({ data: [{ position: 0 }, { position: 1 }, { position: 2 }] });

  const demo = run("demo.ts");
  expect(await demo.ended).toBe(0);
  expect(demo.output()).toContain(`Using the platform on ${url}`);
  expectDemo(demo.output());
  const both = await fetch(`${url}/api/v1/rooms`, { headers });
  expect(await both.json()).toMatchObject({ data: [{ name: "Demo room" }, { name: "Launch week" }] });

  signalGroup(dev, "SIGINT");
  expect(await dev.ended).toBe(0);
  await expect(fetch(url)).rejects.toThrow("fetch failed");
  expect((await readdir(dataDir)).sort()).toEqual(["auth-secret", "postgres", "storage"]);
}, 120_000);

/** Checks what the demo prints for each mode: the texts of its agents and their usage. */
function expectDemo(output: string): void {
  const [, files = "", reading = "", tag = "", roundtable = "", orchestrator = "", money = ""] =
    output.split(/^── /m);
  const speakers = (part: string) => [...new Set(part.match(/^\w+(?= +│)/gm))];
  expect(files).toMatch(
    /^launch-handbook\.pdf: \d+ bytes, 200 pages, \d+ tokens, parsed after \d+ ms\n {2}page 1 │ Launch plan/m,
  );
  expect(speakers(reading)).toEqual(["You", "Ada"]);
  expect(reading).toMatch(/Ada +│ uses file_search \{"query".+/);
  expect(reading).toMatch(/What I found: "After the launch .+taken back within 15 minutes/s);
  expect(reading).toMatch(/Citations\n {2}ada: page 137 of file [0-9a-f-]{36}$/m);
  expect(speakers(tag).sort()).toEqual(["Ada", "Linus", "You"]);
  expect(speakers(roundtable)).toEqual(["You", "Scout", "Ada", "Linus"]);
  expect(roundtable).toContain("the connection is cut here");
  expect(speakers(orchestrator)).toEqual(["You", "Scout", "Ada", "Linus", "Manager"]);
  expect(orchestrator).toMatch(/Scout +│ uses search \{"query".+\nScout +│ receives \{"results":3,/);
  expect(orchestrator).toMatch(/Round 1: scout, ada \(selected\)\n {2}Round 2: linus \(selected\)/);
  expect(orchestrator).toMatch(/synthesis +Manager +completed +1 /);
  for (const part of [tag, roundtable, orchestrator]) {
    expect(part).toMatch(/Ada +completed +[12] +\d+ +0\.\d{8} +\d+ ms/);
    expect(part).toMatch(/^ {2}ada#1 +qwen .+ 0\.\d{8} +provider +2026-02-20$/m);
    expect(part).toMatch(/total \d+ ms\n {2}2 database round trips in sequence/);
  }
  expect(money).toMatch(
    /grants 0\.05000000 .+\nYou │ .+\nAda │ .+\n(.+\n)* {2}402 budget_exhausted: .+ Spent 0\.0\d{7} of 0\.05000000\./,
  );
  expect(money).toMatch(
    /grants 1\.00000000 .+\nYou │ .+\nAda │ .+\n {2}The turn cost .+ 1\.0\d{7} are left\.\n/,
  );
  expect(output).toMatch(/^4 turns, 13 model calls, \d+ tokens, 0\.\d{8} credits\./m);
}

test("npm run demo starts a platform where none runs, and ends it", async () => {
  const demo = run("demo.ts");
  expect(await demo.ended).toBe(0);
  expect(demo.output()).toMatch(/^Starting a platform for this demo:\n.+\n {2}Pantheon ready on/s);
  expectDemo(demo.output());
  expect((await readdir(dataDir)).sort()).toEqual(["auth-secret", "postgres", "storage"]);
}, 120_000);

test("Ctrl-C ends npm run demo during a turn", async () => {
  const demo = run("demo.ts");
  await new Promise<void>((resolve) =>
    demo.child.stdout?.on("data", () => /Scout +│ You asked/.test(demo.output()) && resolve()),
  );
  signalGroup(demo, "SIGINT");
  expect(await demo.ended).toBe(130);
  expect(demo.errors()).toBe("");
  expect((await readdir(dataDir)).sort()).toEqual(["auth-secret", "postgres", "storage"]);
}, 120_000);

test("SIGTERM ends npm run dev while it starts", async () => {
  const dev = run("dev.ts", ["--port", "0"]);
  await new Promise((resolve) => dev.child.stdout?.once("data", resolve));
  dev.child.kill("SIGTERM");
  expect(await dev.ended).toBe(0);
  expect(dev.output()).not.toContain("Pantheon ready");
}, 120_000);

test.each([
  [
    "a bad DATABASE_URL",
    { DATABASE_URL: "postgres://eve:hunter2@127.0.0.1:1/x" },
    /^DATABASE_URL: no answer/,
  ],
  ["a bad setting", { LOG_LEVEL: "loud" }, /^Setting LOG_LEVEL: /],
  ["a port that is none", { PORT: "many" }, /^PORT: must be a port/],
])("%s is one line and exit code 1", async (_what, settings, expected) => {
  const dev = run("dev.ts", [], { PORT: "0", ...settings });
  expect(await dev.ended).toBe(1);
  expect(dev.errors().trim()).toMatch(expected);
  expect(dev.errors().trim()).not.toMatch(/hunter2|\n/);
});

test("npm run dev whose Worker is killed ends with one line, and leaves its data free for the next start", async () => {
  const dev = run("dev.ts", ["--port", "0"]);
  await untilReady(dev);
  const { pid } = dev.child;
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  for (const child of children) process.kill(-Number(child), "SIGKILL");

  expect(await dev.ended).toBe(1);
  expect(dev.errors().trim()).toBe("The process of a Worker ended by itself. Start npm run dev again.");
  expect(await readdir(dataDir)).not.toContain("pantheon.pid");
}, 60_000);

test("npm run dev whose proxy of wrangler is killed ends with the same line: the proxy that is started for it never answers", async () => {
  const dev = run("dev.ts", ["--port", "0"]);
  const { port } = new URL(await untilReady(dev));
  process.kill(await findProcess(`entry=127.0.0.1:${port}`), "SIGKILL");

  expect(await dev.ended).toBe(1);
  expect(dev.errors().trim()).toBe("The process of a Worker ended by itself. Start npm run dev again.");
}, 60_000);

test("npm run dev with a port in use is one line and exit code 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const address = other.address();
  const port = address !== null && typeof address === "object" ? address.port : expect.fail("no port");
  const dev = run("dev.ts", ["--port", String(port)]);
  expect(await dev.ended).toBe(1);
  expect(dev.errors().trim()).toBe(`Port ${port} on 127.0.0.1 is in use.`);
  other.close();
});

test("npm run token without --sub is one line and exit code 1", async () => {
  const minting = run("token.ts", ["--email", "alice@example.com"]);
  expect(await minting.ended).toBe(1);
  expect(minting.errors()).toMatch(/^--sub is missing.*\n$/);
});
