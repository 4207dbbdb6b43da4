import { describe, expect, test } from "vitest";
import { PantheonError } from "../../../src/domain/errors.ts";
import {
  busySession,
  decideOpen,
  type FoundClaim,
  type OpenRows,
} from "../../../src/domain/turn/open-decision.ts";
import type { QueuedEntry } from "../../../src/domain/turn/queued-turn.ts";

const request = { runId: "new-run", idempotencyKey: "key-1", requestHash: "hash-1", minE8: 1n };
const unkeyed = { ...request, idempotencyKey: null };

const running = (claim: Partial<FoundClaim> = {}): FoundClaim => ({
  runId: "running-run",
  turnId: "running-turn",
  turnIndex: 1,
  pace: {
    mode: "tag",
    agents: 1,
    maxRounds: 1,
    synthesis: "off",
    isRetry: false,
    elapsedMs: 0,
    callMs: 1_000_000,
  },
  idempotencyKey: "key-1",
  requestHash: "hash-1",
  leaseLeftMs: 12_345,
  isCancelled: false,
  ...claim,
});

const found = (rows: Partial<OpenRows<string>> = {}): OpenRows<string> => ({
  sessionFound: true,
  claimBefore: undefined,
  storedRun: undefined,
  queue: [],
  retriedTurn: undefined,
  budgets: [],
  opened: undefined,
  ...rows,
});

function refusal(rows: Partial<OpenRows<string>>, of: Parameters<typeof decideOpen>[1] = request) {
  try {
    decideOpen(found(rows), of);
  } catch (error) {
    if (error instanceof PantheonError) return { code: error.code, detail: error.message, ...error.extras };
  }
  throw new Error("it was not refused");
}

describe("a request to open a run is refused where", () => {
  test("the session does not exist, whatever else was found", () => {
    const all = {
      sessionFound: false,
      opened: "ours",
      storedRun: { runId: "run-1", turnId: "t", requestHash: "hash-1" },
    };
    expect(refusal(all)).toMatchObject({ code: "not_found" });
  });

  test("its key is stored with another hash", () => {
    expect(refusal({ storedRun: { runId: "run-1", turnId: "t", requestHash: "other" } })).toMatchObject({
      code: "idempotency_key_reused",
    });
  });

  test.each([
    ["live", 5_000],
    ["run out", -5_000],
  ])("its key is running with another hash, the lease %s", (_lease, leaseLeftMs) => {
    expect(refusal({ claimBefore: running({ requestHash: "other", leaseLeftMs }) })).toMatchObject({
      code: "idempotency_key_reused",
    });
  });
});

test("a free claim that was not taken is told apart from a session that does not exist", () => {
  expect(decideOpen(found(), request)).toEqual({ kind: "not_taken" });
});

test.each([
  ["another key", "key-2"],
  ["its own key: another holder has taken the run over since", "key-1"],
])("a run whose lease has run out is recovered first, under %s", (_whose, idempotencyKey) => {
  const claimBefore = running({ idempotencyKey, leaseLeftMs: 0 });
  expect(decideOpen(found({ claimBefore }), request)).toEqual({
    kind: "recover",
    runId: "running-run",
    turnId: "running-turn",
  });
});

describe("a retry is refused where", () => {
  const retried = (isLatest: boolean, isRetriable: boolean, hasRunsLeft = true) => ({
    retriedTurn: { found: { isLatest, isRetriable, hasRunsLeft } },
  });

  test("the session has no such turn", () => {
    expect(refusal({ retriedTurn: { found: undefined }, opened: "ours" })).toMatchObject({
      code: "not_found",
    });
  });

  test("the turn is not the latest, whether or not an agent failed", () => {
    expect(refusal(retried(false, true))).toMatchObject({ code: "not_latest_turn" });
    expect(refusal(retried(false, false))).toMatchObject({ code: "not_latest_turn" });
  });

  test("no agent failed in the turn", () => {
    expect(refusal(retried(true, false))).toMatchObject({ code: "nothing_to_retry" });
  });

  test("an agent failed in the turn, and it has no runs left", () => {
    expect(refusal(retried(true, true, false))).toMatchObject({ code: "too_many_retries" });
    expect(refusal(retried(true, false, false))).toMatchObject({ code: "nothing_to_retry" });
  });
});

describe("a request to open a run continues where", () => {
  test("it took the claim", () => {
    expect(decideOpen(found({ opened: "ours" }), request)).toEqual({ kind: "claimed", opened: "ours" });
  });

  test("it took the claim of a run whose lease had run out", () => {
    const claimBefore = running({ idempotencyKey: "key-2", leaseLeftMs: 0 });
    expect(decideOpen(found({ claimBefore, opened: "ours" }), request)).toEqual({
      kind: "claimed",
      opened: "ours",
    });
  });

  test("the claim is its own, because the answer to its first try was lost", () => {
    expect(decideOpen(found({ claimBefore: running(), opened: "ours" }), request)).toEqual({
      kind: "claimed",
      opened: "ours",
    });
  });
});

test("a request whose run is live joins it", () => {
  const claimBefore = running();
  expect(decideOpen(found({ claimBefore }), request)).toEqual({ kind: "join", running: claimBefore });
});

describe("a stored turn is returned again", () => {
  const storedRun = { runId: "stored-run", turnId: "stored-turn", requestHash: "hash-1" };
  const replay = { kind: "replay", runId: "stored-run", turnId: "stored-turn" };

  test("for its own key and hash", () => {
    expect(decideOpen(found({ storedRun }), request)).toEqual(replay);
  });

  test("also while another run is being executed", () => {
    const claimBefore = running({ idempotencyKey: "key-2", requestHash: "other" });
    expect(decideOpen(found({ storedRun, claimBefore }), request)).toEqual(replay);
  });
});

const entry = (fields: Partial<QueuedEntry> = {}): QueuedEntry => ({
  turnId: "queued-turn",
  idempotencyKey: null,
  requestHash: "hash-1",
  status: "waiting",
  problem: null,
  ...fields,
});

describe("the session is busy while", () => {
  test.each([
    ["under another key", request, "key-2"],
    ["without a key", request, null],
    ["without a key, as it has none itself", unkeyed, null],
    ["under a key, while it has none itself", unkeyed, "key-1"],
  ])("another run is being executed %s", (_case, of, idempotencyKey) => {
    const rows = found({ claimBefore: running({ idempotencyKey, requestHash: "other" }) });
    expect(decideOpen(rows, of)).toEqual({
      kind: "busy",
      turnId: "running-turn",
      waitMs: 12_345,
      isIdle: false,
    });
  });

  test("a turn waits, also where no run is live", () => {
    const busy = { kind: "busy", turnId: "queued-turn", waitMs: 0, isIdle: true };
    expect(decideOpen(found({ queue: [entry()] }), request)).toEqual(busy);
    const dead = running({ idempotencyKey: "key-2", leaseLeftMs: 0 });
    expect(decideOpen(found({ queue: [entry()], claimBefore: dead }), request)).toEqual(busy);
  });

  test("a run is executed that may change the turn of a retry", () => {
    const retriedTurn = { found: { isLatest: true, isRetriable: false, hasRunsLeft: true } };
    const rows = found({ retriedTurn, claimBefore: running({ idempotencyKey: null }) });
    expect(decideOpen(rows, request)).toMatchObject({ kind: "busy" });
  });

  test("but a turn that has ended in the queue keeps nobody waiting", () => {
    const ended = entry({ status: "refused", idempotencyKey: "key-2" });
    expect(decideOpen(found({ queue: [ended] }), request)).toEqual({ kind: "not_taken" });
  });
});

test.each([
  [1, "1"],
  [1_000, "1"],
  [1_001, "2"],
  [330_000, "330"],
])("whoever should wait %d ms is told Retry-After %s s", (waitMs, seconds) => {
  const error = busySession("turn_conflict", "", { turnId: "t", waitMs });
  expect(error.extras).toEqual({ headers: { "Retry-After": seconds }, members: { turn_id: "t" } });
});

describe("a request whose key has an entry in the queue", () => {
  const own = entry({ idempotencyKey: "key-1" });

  test.each(["waiting", "refused", "cancelled"] as const)("gets the entry, %s", (status) => {
    const queue = [{ ...own, status }];
    expect(decideOpen(found({ queue }), request)).toEqual({ kind: "queued", entry: queue[0] });
  });

  test("is refused with another hash", () => {
    expect(refusal({ queue: [{ ...own, requestHash: "other" }] })).toMatchObject({
      code: "idempotency_key_reused",
    });
  });

  test("joins its run once that has started, also without a key", () => {
    const claimBefore = running({ runId: "new-run", idempotencyKey: null });
    expect(decideOpen(found({ claimBefore }), unkeyed)).toEqual({ kind: "join", running: claimBefore });
  });
});
