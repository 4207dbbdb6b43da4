import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { zipSync } from "fflate";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { localAuth } from "../../../dev/local-settings.ts";
import { mintToken } from "../../../dev/mint-token.ts";
import { type Platform, startPlatform } from "../../../dev/platform.ts";
import { makePdf } from "../../parse/support/documents.ts";
import { makeContentBomb, makeLongPdf, makeTimeBomb } from "./support/large-pdfs.ts";

type File = { id: string; status: string; page_count: number | null; error: { code: string } | null };

let dataDir: string;
let platform: Platform;
let token: string;
let roomId: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "pantheon-files-"));
  await start();
  token = await mintToken(localAuth({ PANTHEON_DATA_DIR: dataDir }), { sub: "reader" });
  roomId = (await post("/rooms", { name: "Documents" })).id;
}, 120_000);

afterAll(async () => {
  await platform?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const env = { PANTHEON_DATA_DIR: dataDir, RATE_LIMIT: "off" };
  platform = await startPlatform({ env, port: 0, log: () => undefined });
}

async function call(method: string, path: string, body?: string | Blob): Promise<Response> {
  const headers = {
    Authorization: `Bearer ${token}`,
    ...(typeof body === "string" ? { "Content-Type": "application/json" } : {}),
  };
  const response = await fetch(`${platform.url}/api/v1${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  if (!response.ok) expect.fail(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

async function post(path: string, body: object): Promise<{ id: string }> {
  return (await (await call("POST", path, JSON.stringify(body))).json()) as { id: string };
}

async function upload(name: string, bytes: Uint8Array): Promise<File> {
  const body = new Blob([new Uint8Array(bytes)]);
  const response = await call("POST", `/rooms/${roomId}/files?name=${name}`, body);
  expect(response.status).toBe(201);
  return (await response.json()) as File;
}

async function readFile({ id }: File): Promise<File> {
  return (await (await call("GET", `/files/${id}`)).json()) as File;
}

/** Polls until the parser has finished the file, whether it could read it or not. */
async function untilParsed(file: File): Promise<File> {
  await expect.poll(async () => (await readFile(file)).status, { timeout: 60_000 }).toMatch(/ready|failed/);
  return readFile(file);
}

async function query(text: string, file: File): Promise<unknown[]> {
  const client = new pg.Client(platform.databaseUrl);
  await client.connect();
  try {
    return (await client.query(text, [file.id])).rows;
  } finally {
    await client.end();
  }
}

const runMinutely = () =>
  fetch(`${platform.url}/cdn-cgi/handler/scheduled?${new URLSearchParams({ cron: "* * * * *" })}`);

test("a PDF that is uploaded as soon as the platform is ready is parsed, and its pages are read", async () => {
  const file = await upload("plan.pdf", await makePdf(["The launch is in May.", "Ada signs it off."]));
  expect(await untilParsed(file)).toMatchObject({ status: "ready", page_count: 2 });
  const pages = await (await call("GET", `/files/${file.id}/pages?from=2&to=2`)).json();
  expect(pages).toMatchObject({ data: [{ page: 2, text: "Ada signs it off." }], has_more: false });
}, 90_000);

test("a PDF of 200 pages is asked about, and the answer of the demo model cites the page", async () => {
  const filler = (page: number) =>
    Array.from({ length: 40 }, (_, line) => `Line ${line} of page ${page}: it goes as planned.`).join("\n");
  const pages = Array.from({ length: 200 }, (_, index) => filler(index + 1));
  pages[136] = "The warranty period of the turbine is 41 months.";
  const room = await post("/rooms", { name: "Turbines" });
  const agent = { agent_key: "ada", name: "Ada", model_alias: "qwen", role_prompt: "Reader." };
  await post(`/rooms/${room.id}/agents`, { ...agent, tool_permissions: ["file_read"] });
  const session = await post(`/rooms/${room.id}/sessions`, {});
  const body = new Blob([new Uint8Array(await makePdf(pages))]);
  const file = (await (await call("POST", `/rooms/${room.id}/files?name=turbine.pdf`, body)).json()) as File;
  expect(await untilParsed(file)).toMatchObject({ status: "ready", page_count: 200 });

  const turn = await post(`/sessions/${session.id}/turns`, {
    message: "Find the warranty period of the turbine",
  });

  expect(turn).toMatchObject({
    status: "completed",
    assistant_output: expect.stringContaining("41 months."),
    citations: [{ file_id: file.id, page: 137, agent_key: "ada" }],
  });
}, 90_000);

test("an upload that stops in the middle leaves neither row nor bytes, and can be repeated", async () => {
  const room = (await post("/rooms", { name: "Stopped" })).id;
  const bytes = new Uint8Array(4_000_000).fill(97);
  await call("POST", `/rooms/${room}/files?name=first.txt`, new Blob(["first"]));
  const before = await listStoredKeys();
  const listed = async () =>
    ((await (await call("GET", `/rooms/${room}/files`)).json()) as { data: File[] }).data;
  for (const sent of [0, 1_000, 100_000, 3_999_999]) {
    await stopUpload(`/rooms/${room}/files?name=a.txt`, bytes, sent);
  }
  // The Worker hears of a closed connection when it next reads.
  await expect.poll(listStoredKeys, { timeout: 10_000 }).toEqual(before);
  expect(await listed()).toMatchObject([{ name: "first.txt" }]);

  const response = await call("POST", `/rooms/${room}/files?name=a.txt`, new Blob([bytes]));
  expect([response.status, response.headers.get("Idempotency-Replayed")]).toEqual([201, null]);
  expect(await listStoredKeys()).toHaveLength(before.length + 1);
}, 60_000);

test("a file whose parser is killed in the middle is parsed again once its lease has run out", async () => {
  const file = await upload("long.pdf", await makeLongPdf());
  await expect.poll(async () => (await readFile(file)).status, { interval: 20 }).toBe("parsing");
  killWorkerd(platform.parser.groupId);
  expect(await readFile(file)).toMatchObject({ status: "parsing" });
  await query("update files set lease_until = clock_timestamp() where id = $1", file);
  // A Worker that has just started again may miss a message. The next minute sends it again.
  await expect
    .poll(
      async () => {
        await runMinutely();
        return (await readFile(file)).status;
      },
      { timeout: 60_000, interval: 2_000 },
    )
    .toBe("ready");
  const attempts = await query("select ready_attempt, attempt from files where id = $1", file);
  expect(attempts).toEqual([{ ready_attempt: 2, attempt: 2 }]);
  const pages = await query("select distinct attempt from file_pages where file_id = $1", file);
  expect(pages).toEqual([{ attempt: 2 }]);
}, 120_000);

test("turns are answered while documents take all of the parser's memory and time", async () => {
  const documents: [string, Uint8Array][] = [
    ["time.pdf", await makeTimeBomb(60)],
    ["content-1.pdf", await makeContentBomb(1)],
    ["content-2.pdf", await makeContentBomb(2)],
    ["archive.docx", zipSync({ "word/document.xml": new Uint8Array(100_000_000) })],
    ["nested.html", new TextEncoder().encode("<div>".repeat(200_000))],
  ];
  const chat = (await post("/rooms", { name: "Chat", current_mode: "tag" })).id;
  const agent = { agent_key: "ada", name: "Ada", model_alias: "qwen", role_prompt: "Answer in one word." };
  await post(`/rooms/${chat}/agents`, agent);
  const session = (await post(`/rooms/${chat}/sessions`, {})).id;
  const takeTurn = async () => {
    const startedMs = performance.now();
    await post(`/sessions/${session}/turns`, { message: "@ada Are you there?" });
    return performance.now() - startedMs;
  };
  await takeTurn();
  const quiet: number[] = [];
  for (let count = 0; count < 5; count += 1) quiet.push(await takeTurn());

  let isParsing = true;
  const parsed = Promise.all(
    documents.map(async ([name, bytes]) => untilParsed(await upload(name, bytes))),
  ).finally(() => {
    isParsing = false;
  });
  const loaded: number[] = [];
  while (isParsing) loaded.push(await takeTurn());
  expect(loaded.length).toBeGreaterThanOrEqual(3);

  const codes = (await parsed).map(({ status, error }) => error?.code ?? status);
  console.log(
    `Turns while nothing is parsed: ${describe(quiet)}. While documents are parsed: ${describe(loaded)}. The documents ended as ${codes}.`,
  );
  expect(codes.slice(1)).toEqual(Array(4).fill("file_too_complex"));
  // Medians: one slow turn on a busy machine says nothing about the parser.
  expect(median(loaded)).toBeLessThan(3 * median(quiet) + 1_000);
}, 180_000);

test("a file whose message is lost is parsed after a restart, from the stored bytes", async () => {
  await platform.parser.stop();
  const file = await upload("late.pdf", await makePdf(["Better late than never."]));
  expect(await readFile(file)).toMatchObject({ status: "pending" });
  await query("update files set pending_since = pending_since - interval '3 minutes' where id = $1", file);
  await platform.stop();
  await start();
  expect(await untilParsed(file)).toMatchObject({ status: "ready", page_count: 1 });
}, 180_000);

/** Sends the head of an upload and a part of its bytes, and closes the connection once the system has taken them. */
async function stopUpload(path: string, bytes: Uint8Array, sent: number): Promise<void> {
  const { hostname, port } = new URL(platform.url);
  const socket = connect(Number(port), hostname);
  const head = [
    `POST /api/v1${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${token}`,
    `Content-Length: ${bytes.length}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  await new Promise<void>((resolve) => socket.write(bytes.subarray(0, sent), () => resolve()));
  socket.destroy();
  await once(socket, "close");
}

/** The keys of the bucket's objects. Bytes that the local bucket keeps of a put that broke off belong to none. */
async function listStoredKeys(): Promise<unknown[]> {
  const dir = join(dataDir, "storage", "v3", "r2", "miniflare-R2BucketObject");
  const names = (await readdir(dir)).filter((name) => /^[0-9a-f]+\.sqlite$/.test(name));
  return names.flatMap((name) => {
    const database = new DatabaseSync(join(dir, name), { readOnly: true });
    const rows = database.prepare("select key from _mf_objects order by key").all();
    database.close();
    return rows.map(({ key }) => key);
  });
}

/** Ends the workerd that runs a Worker, on a port that it chose; not wrangler's proxy, nor the process of both. */
function killWorkerd(groupId: number): void {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,pgid=,args="], { encoding: "utf8" }).split("\n");
  const rows = lines.map((line) => line.trim().split(/\s+/));
  const pids = rows.filter(
    ([, group, ...args]) => Number(group) === groupId && args.includes("--socket-addr=entry=127.0.0.1:0"),
  );
  expect(pids.length).toBeGreaterThan(0);
  for (const [pid] of pids) process.kill(Number(pid), "SIGKILL");
}

function median(times: readonly number[]): number {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length / 2)] ?? 0;
}

function describe(times: readonly number[]): string {
  const longest = Math.max(...times);
  return `${times.length}, median ${median(times).toFixed(0)} ms, longest ${longest.toFixed(0)} ms`;
}
