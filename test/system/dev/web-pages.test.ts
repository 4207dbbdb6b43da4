import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDemoModelServer } from "../../../dev/model-server/demo-model.ts";
import { type NeonEndpoint, startNeonEndpoint } from "../../../dev/neon-endpoint.ts";
import { startDemoSearchServer } from "../../../dev/search-server/demo-search.ts";
import { startTestDatabase, type TestDatabase } from "../../support/node/test-database.ts";

const neonHeaders = { "Neon-Connection-String": "postgres://nobody@localhost/nothing" };
const statement = JSON.stringify({ query: "select 1 as one" });
const modelCall = JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hello" }] });
const search = JSON.stringify({ query: "edge" });

type Target = { url: string; headers: Record<string, string>; body: string };

let database: TestDatabase;
let endpoint: NeonEndpoint;
const targets = new Map<string, Target>();
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await startTestDatabase();
  ends.push(database.stop);
  endpoint = await startNeonEndpoint({ connectionString: database.connectionString, maxConnections: 1 });
  ends.push(endpoint.stop);
  targets.set("Neon endpoint", { url: endpoint.url, headers: neonHeaders, body: statement });
  const models = await startDemoModelServer({ deltaDelayMs: 0 });
  ends.push(models.stop);
  targets.set("demo models", { url: `${models.url}/v1/chat/completions`, headers: {}, body: modelCall });
  const searches = await startDemoSearchServer();
  ends.push(searches.stop);
  const headers = { Authorization: "Bearer demo" };
  targets.set("demo search", { url: `${searches.url}/search`, headers, body: search });
});

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** The status of a POST; unlike `fetch`, this sends the `Host` that it is given. */
function post({ url, headers, body }: Target, extra: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", headers: { ...headers, ...extra } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

const servers = ["Neon endpoint", "demo models", "demo search"];
const targetOf = (server: string) => targets.get(server) ?? expect.fail(server);

test.each(servers)("the %s refuses the requests that a web page can send", async (server) => {
  const target = targetOf(server);
  const { port } = new URL(target.url);
  for (const host of ["pages.example", `pages.example:${port}`, "127.0.0.1.pages.example", "0.0.0.0"]) {
    expect([host, await post(target, { Host: host })]).toEqual([host, 403]);
  }
  for (const origin of ["https://pages.example", `http://127.0.0.1:${port}`, "null"]) {
    expect([origin, await post(target, { Origin: origin })]).toEqual([origin, 403]);
  }
});

test.each(servers)("the %s answers a client on this machine, by any loopback name", async (server) => {
  const target = targetOf(server);
  const { port } = new URL(target.url);
  for (const host of [`127.0.0.1:${port}`, `LOCALHOST:${port}`, "localhost", `[::1]:${port}`]) {
    expect([host, await post(target, { Host: host })]).toEqual([host, 200]);
  }
});

test("the Neon endpoint refuses clients that do not know its path", async () => {
  const target = targetOf("Neon endpoint");
  const { pathname } = new URL(endpoint.url);
  expect(pathname).toMatch(/^\/sql\/[\w-]{32}$/);
  const wrong = [
    "/sql",
    "/sql/",
    "/",
    pathname.slice(0, -1),
    `${pathname}x`,
    `/sql/${"A".repeat(32)}`,
    pathname.toLowerCase(),
  ];
  for (const path of wrong) {
    const url = new URL(path, endpoint.url).href;
    expect([path, await post({ ...target, url }, {})]).toEqual([path, 404]);
  }
  const other = await startNeonEndpoint({ connectionString: database.connectionString, maxConnections: 1 });
  expect(new URL(other.url).pathname).not.toBe(pathname);
  await other.stop();
});
