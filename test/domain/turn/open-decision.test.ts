import { describe, expect, test } from "vitest";
import { PantheonError } from "../../../src/domain/errors.ts";
import { decideOpen, type FoundClaim, type OpenRows } from "../../../src/domain/turn/open-decision.ts";

const request = { idempotencyKey: "key-1", requestHash: "hash-1", minE8: 1n };
const unkeyed = { ...request, idempotencyKey: null };

const running = (claim: Partial<FoundClaim> = {}): FoundClaim => ({
  runId: "running-run",
  turnId: "running-turn",
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

  test.each([
    ["under another key", request, "key-2"],
    ["without a key", request, null],
    ["without a key, as it has none itself", unkeyed, null],
    ["under a key, while it has none itself", unkeyed, "key-1"],
  ])("another run is being executed %s", (_case, of, idempotencyKey) => {
    expect(refusal({ claimBefore: running({ idempotencyKey, requestHash: "other" }) }, of)).toEqual({
      code: "turn_conflict",
      detail: "Turn creation conflicted with concurrent writes. Please retry.",
      headers: { "Retry-After": "13" },
      members: { turn_id: "running-turn" },
    });
  });

  test.each([
    [1, "1"],
    [999, "1"],
    [1_000, "1"],
    [1_001, "2"],
    [330_000, "330"],
  ])("with %d ms of the lease left, Retry-After is %s s", (leaseLeftMs, seconds) => {
    const claimBefore = running({ idempotencyKey: "key-2", leaseLeftMs });
    expect(refusal({ claimBefore }).headers).toEqual({ "Retry-After": seconds });
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

  test("another run is being executed, which may change the turn", () => {
    const claimBefore = running({ idempotencyKey: null });
    expect(refusal({ ...retried(true, false), claimBefore })).toMatchObject({ code: "turn_conflict" });
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
