import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mintToken } from "../../dev/mint-token.ts";
import { startPlatform } from "../../dev/platform.ts";
import { nameOf, roleOf, says } from "../support/fixture-agents.ts";
import { startScriptedModelServer } from "../support/node/scripted-model-server.ts";
import { startValidatingProxy, type ValidatingProxy } from "../support/node/validating-proxy.ts";
import type { PlayedClient, PlayedEvent, PlayedTurn } from "./clients/client.ts";
import { compileClients, generateClients } from "./generate.ts";

const auth = {
  secret: "only-for-tests-of-generated-clients-0123456789",
  issuer: "pantheon-generated-clients",
  audience: "pantheon",
};
const ends: (() => Promise<void>)[] = [];
let proxy: ValidatingProxy;
let models: string;

beforeAll(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "pantheon-generated-clients-"));
  ends.push(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startScriptedModelServer();
  ends.push(server.stop);
  models = `${server.url}/s/generated`;
  const env = {
    PANTHEON_DATA_DIR: dataDir,
    LLM_BASE_URL: `${models}/v1`,
    LLM_API_KEY: "test-key",
    AUTH_JWT_SECRET: auth.secret,
    AUTH_ISSUER: auth.issuer,
    AUTH_AUDIENCE: auth.audience,
  };
  const platform = await startPlatform({ env, port: 0, log: () => undefined });
  ends.push(platform.stop);
  proxy = await startValidatingProxy(platform.url);
  ends.push(proxy.stop);
  const document = await fetch(`${platform.url}/api/v1/openapi.json`);
  await generateClients(await document.text());
}, 240_000);

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** Tells the models what to do, or waits for them. */
async function steer(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${models}/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Bob fails once; who is to wait never answers. */
const script = {
  rules: [
    { match: { contains: "wait for me" }, answer: { deltas: ["One", "."], hold_after_first: "never" } },
    says("ada", { deltas: ["Look ", "first."] }),
    says("bob", { status: 400 }, 1),
    says("bob", "Then ask."),
  ],
};

const answersOf = ({ replies }: PlayedTurn) =>
  replies.map(({ agent_key, status, content, error }) => [agent_key, status, error?.code ?? content]);

const joined = (events: readonly PlayedEvent[]) =>
  events.map(({ type, delta }) => (type === "TEXT_MESSAGE_CONTENT" ? delta : "")).join("");

async function createRoom(client: PlayedClient): Promise<string> {
  const room = await client.createRoom("A room");
  expect(room.current_mode).toBe("tag");
  for (const [position, key] of ["ada", "bob"].entries()) {
    const agent = { agent_key: key, name: nameOf(key), model_alias: "deepseek", role_prompt: roleOf(key) };
    expect(await client.addAgent(room.id, agent)).toMatchObject({ position });
  }
  await expect(client.addAgent(crypto.randomUUID(), { ...nobody })).rejects.toThrow("not_found");
  return room.id;
}

const nobody = { agent_key: "eve", name: "Eve", model_alias: "deepseek", role_prompt: "You are not there." };

async function uploadFile(client: PlayedClient, roomId: string): Promise<void> {
  const text = "city,people\nRome,2873000\n";
  const { id } = await client.uploadFile(roomId, "cities.csv", new Blob([text]));
  const stateOf = async () => (await client.getFile(id)).status;
  await expect.poll(stateOf, { timeout: 20_000 }).toBe("ready");
  expect(await client.downloadFile(id)).toBe(text);
}

async function cancelTurn(client: PlayedClient, sessionId: string): Promise<void> {
  const { length: before } = (await steer("GET", "journal")) as unknown[];
  const { id } = await client.queueTurn(sessionId, "@ada wait for me");
  await steer("GET", `wait?calls=${before + 1}`);
  expect(await client.cancelTurn(sessionId, id)).toMatchObject({ turn_id: id, status: "running" });
  const turn = async () => await client.getTurn(sessionId, id);
  await expect
    .poll(turn, { timeout: 20_000 })
    .toMatchObject({ status: "failed", replies: [{ agent_key: "ada", error: { code: "cancelled" } }] });
}

test("the three clients, what the scenario does with them, and the example compile in strict TypeScript", async () => {
  expect(await compileClients()).toBe("");
}, 60_000);

test.each(["openapi-fetch", "hey-api", "orval"])(
  "the client of %s plays room, agents, file, session, turn, retry, stream and cancel",
  async (name) => {
    await steer("PUT", "script", script);
    const { connect } = await import(`./clients/${name}.ts`);
    const token = await mintToken(auth, { sub: name });
    const client: PlayedClient = connect({ url: proxy.origin, token });

    const roomId = await createRoom(client);
    await uploadFile(client, roomId);
    const { id: sessionId } = await client.createSession(roomId);

    const turn = await client.createTurn(sessionId, "@ada @bob What comes first?");
    expect(turn.status).toBe("partial");
    expect(answersOf(turn)).toEqual([
      ["ada", "completed", "Look first."],
      ["bob", "failed", "model_error"],
    ]);
    const retried = await client.retryTurn(sessionId, turn.id);
    expect(retried).toMatchObject({ id: turn.id, status: "completed" });
    expect(answersOf(retried)[1]).toEqual(["bob", "completed", "Then ask."]);

    const events: PlayedEvent[] = [];
    for await (const event of client.streamTurn(sessionId, "@ada And then?")) events.push(event);
    expect(events.at(0)).toMatchObject({ type: "RUN_STARTED" });
    expect(joined(events)).toBe("Look first.");
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", result: { status: "completed" } });

    await cancelTurn(client, sessionId);
    expect(proxy.requests.length).toBeGreaterThan(10);
    expect(proxy.violations).toEqual([]);
  },
  60_000,
);
