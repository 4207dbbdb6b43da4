import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mintToken } from "../../../dev/mint-token.ts";
import { endlessAnswers } from "../../support/endless-answers.ts";
import {
  furtherAgent,
  type LimitRow,
  readLimitRows,
  type SizedRequest,
  sizedRequests,
} from "../../support/sized-requests.ts";
import { connectInspector, type Inspector } from "../faults/testbed/inspector.ts";
import { residentBytes } from "../faults/testbed/resident-memory.ts";
import { createSessionFixture, type SessionFixture } from "../faults/testbed/session-fixture.ts";
import { startTestbed, type Testbed } from "../faults/testbed/testbed.ts";
import { auth } from "../faults/testbed/user.ts";
import type { Workerd } from "../faults/testbed/workerd.ts";

// The Worker as it is deployed, in a workerd whose memory nothing else uses.

const MiB = 1_024 * 1_024;
const maxGrowthBytes = 40 * MiB;
const maxHealthMs = 100;
const minSamples = 20;
const pauseMs = 5;

let testbed: Testbed;
let worker: Workerd;
let inspector: Inspector;
let fixture: SessionFixture;

beforeAll(async () => {
  testbed = await startTestbed();
  worker = await testbed.startWorker({}, { hasInspector: true });
  inspector = await connectInspector(worker);
  fixture = await createSessionFixture(testbed, worker, { mode: "manual", agents: ["ada"] });
  // What is allocated once is not growth.
  for (let n = 0; n < 3; n += 1) await postTurn();
}, 120_000);

afterAll(async () => {
  inspector.close();
  await testbed.stop();
});

const postTurn = () => fixture.post(worker, { request: fixture.nextRequest() });

type Load = { medianHealthMs: number; growthBytes: number };

/** Has requests served one after another, asks for /health meanwhile, and measures memory before and after. */
async function measureLoad(serve: () => Promise<void>): Promise<Load> {
  const before = await settledBytes();
  const samples: number[] = [];
  let served = 0;
  const isEnough = () => samples.length >= minSamples && served >= 2;
  const serving = (async () => {
    for (; !isEnough(); served += 1) {
      await serve();
      // The edge bounds an isolate's memory. Without a bound V8 lets garbage of many requests pile up.
      await inspector.collectGarbage();
    }
  })();
  let failed = false;
  serving.catch(() => {
    failed = true;
  });
  while (!isEnough() && !failed) {
    samples.push(await measureHealth());
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await serving;
  return { medianHealthMs: medianOf(samples), growthBytes: (await settledBytes()) - before };
}

async function settledBytes(): Promise<number> {
  await inspector.collectGarbage();
  return residentBytes(worker.pid);
}

async function measureHealth(): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(`${worker.url}/api/v1/health`);
  await response.text();
  expect(response.status).toBe(200);
  return performance.now() - startedMs;
}

function medianOf(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN;
}

/** What else runs on the machine may disturb one measurement. */
async function expectLightLoad(serve: () => Promise<void>): Promise<void> {
  const isLight = ({ medianHealthMs, growthBytes }: Load) =>
    medianHealthMs < maxHealthMs && growthBytes < maxGrowthBytes;
  const first = await measureLoad(serve);
  const load = isLight(first) ? first : await measureLoad(serve);
  expect(load.medianHealthMs).toBeLessThan(maxHealthMs);
  expect(load.growthBytes).toBeLessThan(maxGrowthBytes);
}

async function send({ method, path, body, headers = {} }: SizedRequest) {
  const answer = await fixture.user.call(worker.url, method, path, { text: body, headers });
  return { status: answer.status, code: (answer.body?.error ?? answer.body)?.code };
}

/** A body may be refused before it is whole: then its sender may see the connection closed first. */
function refusals({ status, code }: LimitRow) {
  const refusal = { status, code };
  return status === 413 ? [refusal, { status: 0, code: undefined }] : [refusal];
}

const limits = readFileSync(new URL("../../../docs/limits.md", import.meta.url), "utf8");
const rows = readLimitRows(limits);

/** As much of it as a body may hold, or a header, where that is more than the bound. */
const farOver: Readonly<Record<string, number>> = {
  body: 8 * MiB,
  "body of `…/turns`": 8 * MiB,
  "body of `…/ag-ui`": 8 * MiB,
  "body of `/v1/chat/completions`": 8 * MiB,
  "body of `…/ui-messages`": 8 * MiB,
  "entries of a stock client's body": 2_000_000,
  "entries of any other body": 120_000,
  message: 130_000,
  "room name": 130_000,
  "session title": 130_000,
  "room goal": 130_000,
  "role prompt": 130_000,
  "agent name": 130_000,
  "agent key": 250_000,
  "tool permissions": 24_000,
  "agent order": 24_000,
  "messages of `…/ag-ui`": 12_000,
  "parts of a content": 8_000,
  "`threadId` of `…/ag-ui`": 2_000_000,
  "rounds of a room": 1_000_000_000,
  "idempotency key": 16_000,
  page: 1_000_000_000,
};

/** Of AG-UI's own field `state`, which may hold anything: as large as a body under every limit can make it. */
const largestStates: Readonly<Record<string, () => unknown>> = {
  "one text": () => "x".repeat(4_100_000),
  "texts of 150 characters": () => names(24_900, 150),
  "names of 150 characters": () => Object.fromEntries(names(24_900, 150).map((name) => [name, 1])),
  "objects with one name each": () => names(12_000, 300).map((name) => ({ [name]: 1 })),
};

function names(count: number, length: number): string[] {
  return Array.from({ length: count }, (_, n) => String(n).padStart(length, "n"));
}

describe("while bodies under every limit are read, the Worker answers others and its memory does not grow", () => {
  test.each(Object.entries(largestStates))("%s", async (_what, describeState) => {
    const messages = [{ id: "m", role: "user", content: "nobody is tagged" }];
    const request = {
      method: "POST",
      path: `/sessions/${fixture.sessionId}/ag-ui`,
      body: JSON.stringify({ threadId: "t", runId: "r", messages, state: describeState() }),
    };
    await expectLightLoad(async () => {
      expect(await send(request)).toEqual({ status: 422, code: "no_valid_tagged_agents" });
    });
  });
});

describe("while requests over a limit are refused, the Worker answers others and its memory does not grow", () => {
  const ids = () => ({ room_id: fixture.roomId, session_id: fixture.sessionId });

  test.each(Object.entries(sizedRequests))("%s", async (what, describeRequest) => {
    const row = rows.find((one) => one.what === what);
    const far = farOver[what];
    if (row === undefined || far === undefined) throw new Error(`docs/limits.md or this test lacks ${what}`);
    const requests = [row.amount + 1, far].map((amount) => describeRequest(ids(), amount));
    await expectLightLoad(async () => {
      for (const request of requests) expect(refusals(row)).toContainEqual(await send(request));
    });
  });

  test.each(["entries of a stock client's body", "messages of `…/ag-ui`", "parts of a content"] as const)(
    "%s, 40 requests without a collection of garbage",
    async (what) => {
      const request = sizedRequests[what](ids(), farOver[what] ?? 0);
      const before = await settledBytes();
      for (let n = 0; n < 40; n += 1) await send(request);
      expect(residentBytes(worker.pid) - before).toBeLessThan(maxGrowthBytes);
    },
  );

  test("token", async () => {
    const token = await mintToken(auth, { sub: "x".repeat(8_192) });
    const request = { method: "GET", path: "/models", headers: { Authorization: `Bearer ${token}` } };
    await expectLightLoad(async () => {
      expect(await send(request)).toEqual({ status: 401, code: "unauthorized" });
    });
  });

  test("agents of a room", async () => {
    for (let n = fixture.agents.length + 1; n <= 12; n += 1) await send(furtherAgent(ids(), n));
    await expectLightLoad(async () => {
      expect(await send(furtherAgent(ids(), 13))).toEqual({ status: 409, code: "room_full" });
    });
  });

  test.each(endlessAnswers)("a model that sends %s", async (_what, answer, code) => {
    fixture.models.follow({ default: answer });
    await expectLightLoad(async () => {
      const { body } = await postTurn();
      expect(body.replies).toMatchObject([{ status: "failed", error: { code } }]);
    });
  });
});
