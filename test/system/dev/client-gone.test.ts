import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { applyMigrations } from "../../../dev/migrate.ts";
import { mintToken } from "../../../dev/mint-token.ts";
import { startNeonEndpoint } from "../../../dev/neon-endpoint.ts";
import { startScriptedModelServer } from "../../support/node/scripted-model-server.ts";
import { startTestDatabase } from "../../support/node/test-database.ts";
import { prepareWorkerd, startWorkerd, type Workerd } from "../faults/testbed/workerd.ts";

const auth = {
  secret: "only-for-tests-0123456789abcdef0123456789abcdef",
  issuer: "here",
  audience: "pantheon",
};

const ends: (() => Promise<void>)[] = [];
// In workerd itself: the proxy that `wrangler dev` puts before it tells nothing of a client that goes away before
// its answer.
let worker: Workerd;
let scenario: string;
let database: pg.Pool;
let token: string;

beforeAll(async () => {
  const { connectionString, trueConcurrency, stop } = await startTestDatabase();
  ends.push(stop);
  await applyMigrations(connectionString);
  const endpoint = await startNeonEndpoint({ connectionString, maxConnections: trueConcurrency ? 10 : 1 });
  ends.push(endpoint.stop);
  const models = await startScriptedModelServer();
  ends.push(models.stop);
  scenario = `${models.url}/s/gone`;
  const settings = {
    DATABASE_URL: "postgres://nobody@localhost/nothing",
    NEON_HTTP_ENDPOINT: endpoint.url,
    LLM_BASE_URL: `${scenario}/v1`,
    LLM_API_KEY: "test-key",
    AUTH_JWT_SECRET: auth.secret,
    AUTH_ISSUER: auth.issuer,
    AUTH_AUDIENCE: auth.audience,
  };
  const dir = await mkdtemp(join(tmpdir(), "pantheon-gone-"));
  ends.push(() => rm(dir, { recursive: true }));
  await prepareWorkerd(dir, Object.keys(settings));
  worker = await startWorkerd(dir, settings);
  ends.push(worker.kill);
  database = new pg.Pool({ connectionString, max: 1 });
  ends.push(() => database.end());
  token = await mintToken(auth, { sub: "alice" });
}, 120_000);

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

async function post(path: string, body: object): Promise<{ id: string }> {
  const response = await fetch(`${worker.url}/api/v1${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.status !== 201) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return JSON.parse(await response.text());
}

async function createRoom(): Promise<string> {
  const room = await post("/rooms", { name: "A room", current_mode: "tag" });
  const agent = { agent_key: "ada", name: "Ada", model_alias: "deepseek", role_prompt: "You wait." };
  await post(`/rooms/${room.id}/agents`, agent);
  return room.id;
}

async function createSession(): Promise<string> {
  return (await post(`/rooms/${await createRoom()}/sessions`, {})).id;
}

const postTurn = (sessionId: string, operation: string) =>
  leaveAfter(`/api/v1/sessions/${sessionId}/${operation}`, { message: "@ada hello" });

/** Posts over a connection of its own; gives what breaks it off, as a crash of the client would. */
function leaveAfter(path: string, body: object): () => void {
  const sent = request(worker.url + path, {
    method: "POST",
    agent: false,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
  });
  sent.on("error", () => undefined);
  sent.on("response", (response) => response.on("error", () => undefined).resume());
  sent.end(JSON.stringify(body));
  return () => sent.socket?.resetAndDestroy();
}

async function steer(method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(`${scenario}/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}\n${JSON.stringify(worker.log)}`);
}

test("a client that leaves, also before a plain answer, does not stop its turn; the end of its stream is logged", async () => {
  await steer("PUT", "script", {
    rules: [{ answer: { deltas: ["one", " two"], hold_after_first: "gate" } }],
  });
  const leave = [];
  for (const operation of ["turns", "turns/stream"]) {
    leave.push(postTurn(await createSession(), operation));
  }
  await steer("GET", "wait?calls=2");

  for (const breakOff of leave) breakOff();
  const ends = () => worker.log.filter(({ event }) => event === "stream_ended");
  await steer("POST", "release/gate");

  const stored = async () => (await database.query("select status, assistant_output from turns")).rows;
  const completed = { status: "completed", assistant_output: "one two" };
  await expect.poll(stored, { timeout: 10_000 }).toEqual([completed, completed]);
  await expect.poll(ends, { timeout: 20_000 }).toMatchObject([{ end: "client_disconnected" }]);
}, 60_000);

test("a stock client that leaves cancels its turn where that is wanted, also before a plain answer", async () => {
  await database.query("delete from turns");
  await steer("PUT", "script", {
    rules: [{ answer: { deltas: ["one", " two"], hold_after_first: "later" } }],
  });
  const [sessionId, uiSessionId] = [await createSession(), await createSession()];
  const messages = [
    { id: "m", role: "user", content: "@ada hello", parts: [{ type: "text", text: "@ada hello" }] },
  ];
  const model = `room:${await createRoom()}`;
  const leave = [
    leaveAfter("/v1/chat/completions", { model, messages }),
    leaveAfter("/v1/chat/completions", { model, messages, stream: true }),
    leaveAfter(`/api/v1/sessions/${sessionId}/ag-ui?on_disconnect=cancel`, {
      threadId: "t",
      runId: "r",
      messages,
    }),
    leaveAfter(`/api/v1/sessions/${uiSessionId}/ui-messages?on_disconnect=cancel`, { messages }),
  ];
  await steer("GET", "wait?calls=4");
  for (const breakOff of leave) breakOff();
  const failures = async () =>
    (await database.query("select error->>'code' as code from messages where role = 'assistant'")).rows;
  await expect.poll(failures, { timeout: 20_000 }).toEqual(Array(4).fill({ code: "cancelled" }));
  await steer("POST", "release/later");
}, 60_000);
