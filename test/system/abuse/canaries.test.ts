import { afterEach, describe, expect, test, vi } from "vitest";
import worker from "../../../src/index.ts";
import type { Json } from "../../support/api.ts";
import { watchDatabase } from "../../support/database-requests.ts";
import type { ModelAnswer } from "../../support/models.ts";
import { tablesHolding } from "../../support/written-rows.ts";
import { type CanaryFixture, createCanaryFixture } from "./support/canary-fixture.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

async function expectNoTrace({ mark, since, answers, logged }: CanaryFixture): Promise<void> {
  expect(answers.length).toBeGreaterThan(0);
  expect(logged.length).toBeGreaterThan(0);
  expect(answers.filter((text) => text.includes(mark))).toEqual([]);
  expect(logged.filter((text) => text.includes(mark))).toEqual([]);
  expect(await tablesHolding(mark, { since })).toEqual([]);
}

/** Makes turns by every route and in every form. */
async function takePart({ fixture, send }: CanaryFixture): Promise<void> {
  const turns = `/sessions/${fixture.sessionId}/turns`;
  const { body } = await send("POST", turns, { message: "search: news" });
  await send("POST", `${turns}/${body.id}/retry`);
  await send("POST", `${turns}/stream`, { message: "search: more" });
  await send("PATCH", `/rooms/${fixture.roomId}/mode`, { mode: "orchestrator" });
  const said = { id: "m", role: "user", content: "and now?" };
  const run = { threadId: "t", runId: crypto.randomUUID(), messages: [said] };
  await send("POST", `/sessions/${fixture.sessionId}/ag-ui`, run);
}

/** All that can be read of them, and what anybody can read; gives the first turn. */
async function readAll({ fixture, send }: CanaryFixture): Promise<Json> {
  const session = `/sessions/${fixture.sessionId}`;
  const [turn] = (await send("GET", `${session}/turns`)).body.data;
  for (const path of [`turns/${turn.id}`, "messages?include=superseded", "summaries"]) {
    await send("GET", `${session}/${path}`);
  }
  for (const path of [
    "/auth/me",
    "/models",
    "/tools",
    "/openapi.json",
    "/docs",
    "/health/ready",
    "/nothing",
  ]) {
    await send("GET", path);
  }
  return turn;
}

test("no answer, log line or row has a secret that is in use", async () => {
  const canary = await createCanaryFixture();
  const { fixture, house, search, mark, scriptAll } = canary;
  const said = `said${crypto.randomUUID()}`;
  await scriptAll({ text: said });

  await takePart(canary);
  await readAll(canary);

  // They were in use, and what was said is found where it was stored, in checkpoints too.
  expect((await fixture.models.journal())[0]?.authorization_present).toBe(true);
  expect((await house.journal())[0]?.authorization_present).toBe(true);
  expect((await search.journal())[0]?.authorization).toBe(`Bearer tvly-${mark}`);
  expect(await tablesHolding(said, canary)).toEqual(
    expect.arrayContaining(["checkpoint_blobs", "messages", "turns"]),
  );
  await expectNoTrace(canary);
});

const echoes: [string, (mark: string) => ModelAnswer, status?: "completed" | "failed"][] = [
  [
    "an error's body",
    (mark) => ({ status: 400, body: { error: { message: mark, code: mark, type: mark } } }),
  ],
  [
    "an error's plain text",
    (mark) => ({ status: 401, body: `Incorrect API key: ${mark}`, headers: { "x-error": mark } }),
  ],
  ["a rate limit's body", (mark) => ({ status: 429, body: mark, headers: { "x-should-retry": "false" } })],
  ["a fault's body", (mark) => ({ status: 500, body: `<p>${mark}`, headers: { "x-should-retry": "false" } })],
  ["a page with status 200", (mark) => ({ body: `<p>${mark}</p>` })],
  ["a stream with status 200 that is no JSON", (mark) => ({ body: `data: {${mark}\n\n` })],
  ["an error event", (mark) => ({ body: `data: {"error":{"message":"${mark}","type":"${mark}"}}\n\n` })],
  ["a finish reason", (mark) => ({ text: "hi", finish_reason: mark }), "completed"],
];

test.each(echoes)(
  "what a provider echoes in %s is in no answer, log line or row",
  async (_where, echo, status = "failed") => {
    const canary = await createCanaryFixture();
    const { mark, scriptAll } = canary;
    const searched = { status: 401, body: { detail: { error: mark } }, headers: { "x-error": mark } };
    await scriptAll(echo(mark), { default: searched });

    await takePart(canary);
    const turn = await readAll(canary);

    expect(turn.replies).toMatchObject([{ status }, { status }]);
    expect(new Set(turn.tool_calls.map(({ status }: Json) => status))).toEqual(new Set(["error"]));
    await expectNoTrace(canary);
  },
);

const faults: [string, (mark: string) => Response | Promise<never>][] = [
  [
    "cannot be reached",
    (mark) => Promise.reject(new TypeError(`connect postgres://u:${mark}@h/d\nat ${mark}`)),
  ],
  ["is behind a gateway that fails", (mark) => new Response(`${mark}\n${mark}`, { status: 502 })],
  ["answers nonsense", (mark) => new Response(`{"${mark}`, { status: 200 })],
  ["refuses the password", (mark) => refusal("28P01", mark)],
  ["breaks a rule of its own", (mark) => refusal("XX000", mark)],
  ["is shutting down", (mark) => refusal("57P01", mark)],
];

/** As Neon answers what Postgres refuses, each field of text holding the mark, on lines of its own. */
function refusal(code: string, mark: string): Response {
  const words = ["message", "detail", "hint", "where", "internalQuery", "file", "routine"];
  const fields = words.map((name) => [name, `${mark}\n    ${mark}\n${mark}`]);
  return Response.json({ ...Object.fromEntries(fields), code, severity: "FATAL" }, { status: 400 });
}

describe.each(faults)("while the database %s", (_how, fault) => {
  test("no answer, log line or row has a secret", async () => {
    const canary = await createCanaryFixture();
    const { fixture, mark, send, scriptAll } = canary;
    await scriptAll({ text: "hi" });
    const room = `/rooms/${fixture.roomId}`;
    const work = async () => {
      for (const path of ["/rooms", room, `${room}/agents`, "/health/ready"]) await send("GET", path);
      await send("POST", "/rooms", { name: mark });
      await send("PATCH", room, { goal: mark });
      await send("POST", `/sessions/${fixture.sessionId}/turns`, { message: "hello" });
    };
    const { requests } = await watchDatabase(work, async () => fault(mark));
    expect(requests.length).toBeGreaterThan(6);

    // And where it fails once the turn is under way, so that its answers cannot be stored.
    await watchDatabase(
      () => send("POST", `/sessions/${fixture.sessionId}/turns/stream`, { message: "hello again" }),
      async (ask, n) => (n === 1 ? ask() : fault(mark)),
    );
    await expectNoTrace(canary);
  });

  test.each(["* * * * *", "17 3 * * *"])("nor does the job of %s log one", async (cron) => {
    const { mark, logged } = await createCanaryFixture();
    // What it throws is logged by the platform.
    const { result } = await watchDatabase(
      () => worker.scheduled({ cron }).then(String, (error: Error) => `${error.stack} ${error.cause}`),
      async () => fault(mark),
    );
    expect(result).toContain("The scheduled job failed");
    expect(logged.join()).toContain("scheduled_job_failed");
    expect([result, ...logged].filter((text) => text.includes(mark))).toEqual([]);
  });
});
