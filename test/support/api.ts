import { env } from "cloudflare:workers";
import { type JWTPayload, SignJWT } from "jose";
import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { createDeps, type Deps } from "../../src/deps.ts";
import type { Log, LogFields } from "../../src/domain/log.ts";
import type { App } from "../../src/http/app-env.ts";
import { type Contract, holdToContract, readContract } from "./contract.ts";
import { nameOf } from "./fixture-agents.ts";
import type { Json } from "./json.ts";
import { connectObjects } from "./session-objects.ts";

export type { Json };

// What `vitest.config.ts` binds; tests may lean on them.
export const testSecret = "only-for-tests-0123456789abcdef0123456789abcdef";
export const testIssuer = "pantheon-test";
export const testAudience = "pantheon";
export const allowedOrigin = "http://app.example";

export type TestUser = { userId: string; email: string };
/** `body` is parsed where the answer is JSON, else its text. */
export type Answer = { status: number; body: Json; headers: Headers; text: string };

export type RequestOptions = { headers?: Record<string, string>; body?: unknown };
export type TestApi = ReturnType<typeof createTestApi>;

/** The whole application in this isolate, on the test database; each test mints its own users. */
export function createTestApi(options: { settings?: Record<string, string>; deps?: Partial<Deps> } = {}) {
  const { log, lines } = createLogKeeper();
  const deps: Deps = {
    ...createDeps(parseConfig({ ...env, ...options.settings })),
    log,
    hosts: connectObjects(() => deps),
    ...options.deps,
  };
  const app = createApp(deps);
  /** Asks the application. An answer fails that is not as the OpenAPI document declares it. */
  const request = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const method = init?.method ?? (input instanceof Request ? input.method : "GET");
    const url = input instanceof Request ? input.url : String(input);
    const path = url.replace(/^https?:\/\/[^/]+/, "").replace(/[?#].*$/s, "");
    return holdToContract(await contractOf(app), { method, path }, await app.request(input, init));
  };

  const send = async (method: string, path: string, init: RequestInit = {}): Promise<Answer> => {
    const url = /^\/(api|v1)\//.test(path) ? path : `/api/v1${path}`;
    const response = await request(url, { method, ...init });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
    return {
      status: response.status,
      body: isJson ? JSON.parse(text) : text,
      headers: response.headers,
      text,
    };
  };

  const as = (user: TestUser) => {
    const call =
      (method: string) =>
      async (path: string, { body, headers = {} }: RequestOptions = {}) =>
        send(method, path, {
          headers: {
            Authorization: `Bearer ${await mintToken({ sub: user.userId, email: user.email })}`,
            ...(body === undefined ? {} : { "Content-Type": "application/json" }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
    const withBody =
      (method: string) =>
      (path: string, body?: unknown, options: RequestOptions = {}) =>
        call(method)(path, { ...options, body });
    return {
      get: call("GET"),
      delete: call("DELETE"),
      post: withBody("POST"),
      patch: withBody("PATCH"),
      put: withBody("PUT"),
    };
  };

  return { app, deps, request, send, as, lines };
}

let contract: Promise<Contract> | undefined;

/** That of the first application: what a test sets changes no answer's form. */
function contractOf(app: App): Promise<Contract> {
  contract ??= (async () => readContract(await (await app.request("/api/v1/openapi.json")).json()))();
  return contract;
}

export type LogLine = { level: string; event: string } & LogFields;

/** Keeps what is logged; what no test expects is shown as well, since it explains why one fails. */
function createLogKeeper() {
  const lines: LogLine[] = [];
  const logWith = (fixed: LogFields): Log => {
    const write =
      (level: string) =>
      (event: string, fields: LogFields = {}) => {
        lines.push({ level, event, ...fixed, ...fields });
        if (fields.code === "internal_error") console.error(JSON.stringify(lines.at(-1)));
      };
    const levels = { info: write("info"), warn: write("warn"), error: write("error") };
    return { ...levels, with: (fields) => logWith({ ...fixed, ...fields }) };
  };
  return { lines, log: logWith({}) };
}

export function newUser(): TestUser {
  const userId = `user-${crypto.randomUUID()}`;
  return { userId, email: `${userId}@example.com` };
}

/** An HS256 token that the tests' application takes, unless `claims` or `secret` say otherwise. */
export function mintToken(claims: JWTPayload, secret: string = testSecret): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1_000);
  return new SignJWT({ iss: testIssuer, aud: testAudience, iat: issuedAt, exp: issuedAt + 600, ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
}

/** The claim that makes a user an operator. */
export const operatorRole = { roles: ["pantheon-admin"] };

export function mintOperatorToken(userId: string): Promise<string> {
  return mintToken({ sub: userId, ...operatorRole });
}

export async function createRoom(api: TestApi, user: TestUser, room: Record<string, unknown> = {}) {
  return expectCreated(await api.as(user).post("/rooms", { name: "A room", ...room }));
}

export async function createAgent(
  api: TestApi,
  user: TestUser,
  roomId: string,
  { agent_key = "scout", ...agent }: { agent_key?: string; [field: string]: unknown } = {},
) {
  const whole = {
    agent_key,
    name: nameOf(agent_key),
    model_alias: "llama",
    role_prompt: "You scout.",
    ...agent,
  };
  return expectCreated(await api.as(user).post(`/rooms/${roomId}/agents`, whole));
}

export async function createSession(api: TestApi, user: TestUser, roomId: string) {
  return expectCreated(await api.as(user).post(`/rooms/${roomId}/sessions`));
}

function expectCreated(answer: Answer): Json {
  if (answer.status !== 201) throw new Error(`expected 201, got ${answer.status}: ${answer.text}`);
  return answer.body;
}
