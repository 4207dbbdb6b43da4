import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { localAuth } from "../../../dev/local-settings.ts";
import { mintToken } from "../../../dev/mint-token.ts";
import { type Platform, startPlatform } from "../../../dev/platform.ts";
import { startAlteringProxy } from "../../support/node/altering-proxy.ts";
import { startTestDatabase, type TestDatabase } from "../../support/node/test-database.ts";

const command = fileURLToPath(new URL("../../../dev/validate-staging.ts", import.meta.url));
const allChecks = [
  ...["health", "auth", "deny path", "allow path", "mode manual", "mode tag", "mode roundtable"],
  ...["mode orchestrator, idempotent replay", "conflict", "streamed turn", "parse success"],
  ...["file deny path", "file allow path", "parse failure"],
  ...["cleanup", "no server error"],
];

let dir: string;
/** The platform's; absent: its own embedded one. */
let database: TestDatabase | undefined;
let platform: Platform;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pantheon-validate-"));
  if (process.env.TEST_DATABASE_URL) database = await startTestDatabase();
  const env = { PANTHEON_DATA_DIR: dir, DATABASE_URL: database?.connectionString, RATE_LIMIT: "on" };
  platform = await startPlatform({ env, port: 0, log: () => undefined });
}, 120_000);

afterAll(async () => {
  await platform?.stop();
  await database?.stop();
  await rm(dir, { recursive: true, force: true });
});

const tokenOf = (sub: string) => mintToken(localAuth({ PANTHEON_DATA_DIR: dir }), { sub });

type Run = { exitCode: number | null; output: string; errors: string };

function validate(...args: string[]): Promise<Run> {
  return watch(args, () => undefined);
}

function watch(args: string[], onOutput: (output: string, child: ChildProcess) => void): Promise<Run> {
  const child = spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const run: Run = { exitCode: null, output: "", errors: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    run.output += chunk;
    onOutput(run.output, child);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    run.errors += chunk;
  });
  return new Promise((resolve) => child.once("close", (exitCode) => resolve({ ...run, exitCode })));
}

async function roomsOf(token: string): Promise<unknown> {
  const headers = { Authorization: `Bearer ${token}` };
  const rooms = await fetch(`${platform.url}/api/v1/rooms`, { headers });
  const page = (await rooms.json()) as { data: unknown };
  return page.data;
}

type Report = { passed: boolean; checks: { check: string; passed: boolean; failure: string | null }[] };
const reportOf = async (file: string): Promise<Report> => JSON.parse(await readFile(file, "utf8"));

test("the local platform passes every check within its rate limit, and every created room is deleted", async () => {
  const [token, file] = [await tokenOf("validator"), join(dir, "evidence.json")];
  const run = await validate("--url", platform.url, "--token", token, "--json", file);
  expect(run).toMatchObject({ exitCode: 0, errors: "" });
  expect(run.output).toMatch(/\n16 of 16 checks passed\n$/);
  expect(run.output).toMatch(/^allow path .* event=[\da-f-]{36} event_status=success latency_ms=\d+$/m);

  const report = await reportOf(file);
  expect(report.passed).toBe(true);
  expect(report.checks.map(({ check }) => check)).toEqual(allChecks);
  expect(run.output + JSON.stringify(report)).not.toContain(token);
  expect(await roomsOf(token)).toEqual([]);
}, 240_000);

test("Ctrl-C ends the validation after the current check, and created rooms are deleted", async () => {
  const token = await tokenOf("impatient");
  let isSignalled = false;
  const run = await watch(["--url", platform.url, "--token", token], (output, child) => {
    if (isSignalled || !output.includes("ok     deny path")) return;
    isSignalled = child.kill("SIGINT");
  });
  expect(run.exitCode).toBe(130);
  expect(run.output).toMatch(/^cleanup +ok /m);
  expect(run.output).not.toMatch(/^mode orchestrator/m);
  expect(await roomsOf(token)).toEqual([]);
}, 60_000);

/** What is wrong with a deployment, by the turn that is posted (from 1), and what the check must say of it. */
const wrongTurns: Record<number, (turn: Turn) => void> = {
  1: (turn) => turn.tool_calls.push(aToolCall),
  2: (turn) => turn.tool_calls.splice(0),
  3: (turn) => {
    turn.mode = "tag";
  },
  4: (turn) => turn.replies.reverse(),
  5: (turn) => {
    turn.status = "partial";
  },
  11: (turn) => turn.tool_calls.push(aToolCall),
  12: (turn) => turn.citations.splice(0),
};
type Turn = { mode: string; status: string; replies: unknown[]; tool_calls: unknown[]; citations: unknown[] };
const aToolCall = {
  id: "019b7e00-0000-7000-8000-000000000001",
  step: "ada#1",
  agent_key: "ada",
  round: 0,
  tool_name: "search",
  status: "success",
  input: {},
  output: {},
  latency_ms: 1,
};

test("each check fails where its promise is broken, and a refusal by the rate limit is waited for", async () => {
  let posts = 0;
  const isTurn = (method: string, path: string) => method === "POST" && /\/turns(\/stream)?$/.test(path);
  const proxy = await startAlteringProxy(platform.url, {
    intercept({ method, path }) {
      if (method === "DELETE") return { status: 204, headers: {}, text: "" };
      if (!isTurn(method, path) || posts++ > 0) return undefined;
      const headers = { "Content-Type": "application/problem+json", "Retry-After": "1" };
      return { status: 429, headers, text: '{"code":"rate_limited"}' };
    },
    alter(exchange) {
      const { method, path, headers, status } = exchange;
      if (path.endsWith("/health/ready")) exchange.status = 503;
      if (path.endsWith("/auth/me")) delete headers["www-authenticate"];
      if (path.endsWith("/pages")) exchange.text = exchange.text.replace("May", "June");
      if (path.includes("/files/"))
        exchange.text = exchange.text.replace("file_unreadable", "file_encrypted");
      if (status === 409) exchange.text = exchange.text.replace("Please retry.", "Retry.");
      if (!isTurn(method, path)) return;
      delete headers["idempotency-replayed"];
      exchange.text = exchange.text.replace(/data: [^\n]*TEXT_MESSAGE_CONTENT[^\n]*\n\n/, "");
      const wrong = wrongTurns[posts - 1];
      if (wrong === undefined || status !== 201) return;
      const turn: Turn = JSON.parse(exchange.text);
      wrong(turn);
      exchange.text = JSON.stringify(turn);
    },
  });
  const file = join(dir, "failures.json");
  const run = await validate("--url", proxy.origin, "--token", await tokenOf("sceptic"), "--json", file);
  await proxy.stop();

  expect(run.exitCode).toBe(1);
  expect(run.output.match(/^Waiting .*/gm)?.[0]).toBe("Waiting 1 s, as the rate limit asks for");
  const { passed, checks } = await reportOf(file);
  expect(passed).toBe(false);
  expect(checks.map(({ check }) => check)).toEqual(allChecks);
  const failures = checks.map(({ failure }) => failure ?? "none");
  expect(failures).toEqual(
    [
      /^GET \/health\/ready answered 503, not 200/,
      /^WWW-Authenticate is null, not "Bearer"$/,
      /^tool events is 1, not 0$/,
      /has no tool event$/,
      /^mode is "tag", not "manual"$/,
      /^who answered is \["ada","linus"\], not \["linus","ada"\]$/,
      /status is "partial", not "completed"$/,
      /^Idempotency-Replayed is null, not "true"$/,
      /^detail is ".* Retry\.", not ".* Please retry\."$/,
      /^what ada said is /,
      /^the text of its pages is \["The launch is in June\.",/,
      /^file tool events is 1, not 0$/,
      /^cited pages is \[\], not \[1,2\]$/,
      /^error is \["failed","file_encrypted"\], not \["failed","file_unreadable"\]$/,
      /^GET \/rooms\/\S+ answered 200, not 404/,
      /^1 answers of 5xx, the first: 503 to GET \/health\/ready, request \S+$/,
    ].map((expected) => expect.stringMatching(expected)),
  );
}, 240_000);

test("the validation with a wrong URL or token is one line and exit code 1", async () => {
  const expectRefusal = async (expected: RegExp, ...args: string[]) => {
    const run = await validate(...args);
    expect(run).toMatchObject({ exitCode: 1, output: "" });
    expect(run.errors).toMatch(expected);
    expect(run.errors.trim()).not.toContain("\n");
  };
  const stopped = await startAlteringProxy(platform.url, {
    intercept: () => undefined,
    alter: () => undefined,
  });
  await stopped.stop();
  const other = await startAlteringProxy(platform.url, {
    intercept: () => ({ status: 200, headers: {}, text: "<html>" }),
    alter: () => undefined,
  });
  await expectRefusal(/^--url is missing/, "--token", "x");
  await expectRefusal(/^--token is missing/, "--url", platform.url);
  await expectRefusal(/^--url: not an http\(s\) URL/, "--url", "example", "--token", "x");
  await expectRefusal(
    /^--url: no answer from .* \(ECONNREFUSED\)$/m,
    "--url",
    stopped.origin,
    "--token",
    "x",
  );
  await expectRefusal(/^--url: .* is not Pantheon/, "--url", other.origin, "--token", "x");
  await expectRefusal(/^--token: .* refuses it: /, "--url", platform.url, "--token", "x.y.z");
  await other.stop();
}, 60_000);
