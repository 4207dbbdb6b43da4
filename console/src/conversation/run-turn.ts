import type { Api } from "../api/api.ts";
import { readEvents } from "../api/event-stream.ts";
import { ApiError, toApiError } from "../api/problem.ts";
import type { Turn, TurnPending } from "../api/types.ts";
import { applyEvent, type LiveTurn } from "./live-turn.ts";
import type { PendingTurn } from "./pending-turn.ts";

/** A connection that broke is made again so often; then the person is asked to. */
const maxReconnects = 30;
const reconnectMs = 1_000;
const pollMs = 1_000;

export type RunOptions = {
  sessionId: string;
  pending: PendingTurn;
  live: LiveTurn;
  /** True: the server took the message before, and this tab comes back to it. */
  isAccepted: boolean;
  /** The answer to the first request, where it was made before. */
  first?: Response | undefined;
  onAccepted: () => void;
  onChange: () => void;
  /** Ends the watching. The turn itself goes on. */
  signal: AbortSignal;
};

/**
 * Runs a turn, or comes back to it, and follows it to its end. A connection that breaks is made again under the same key,
 * so that no turn runs twice. Rejects with ApiError where the turn is refused or cannot be followed.
 */
export async function runTurn(api: Api, options: RunOptions): Promise<Turn> {
  const { live, onChange, signal } = options;
  let { isAccepted } = options;
  const onAccepted = () => {
    isAccepted = true;
    options.onAccepted();
  };
  for (let broken = 0; ; broken += 1) {
    try {
      const first = broken === 0 ? options.first : undefined;
      const turn = await followOnce(api, { ...options, onAccepted, first });
      if (turn !== undefined) return turn;
    } catch (failure) {
      signal.throwIfAborted();
      const error = toApiError(failure);
      if (error.problem.code === "turn_in_progress") onAccepted();
      const mayPass = isAccepted && passes(error) && live.error === undefined;
      if (!mayPass || broken >= maxReconnects) throw error;
    }
    live.state = "lost";
    onChange();
    await pause(reconnectMs, signal);
  }
}

/** Failures after which the same request may succeed. */
function passes({ problem: { code, status } }: ApiError): boolean {
  return code === "unreachable" || code === "turn_in_progress" || status >= 500;
}

/** The stored turn, or undefined where the stream ended without saying anything about it. */
async function followOnce(api: Api, options: RunOptions): Promise<Turn | undefined> {
  const { live, onAccepted, onChange } = options;
  let response: Response;
  try {
    response = options.first ?? (await sendTurn(api, options));
  } catch (failure) {
    const turnId = runningTurnId(failure);
    if (turnId === undefined) throw failure;
    onAccepted();
    return untilStored(api, options, turnId);
  }
  live.turnId ??= turnIdOf(response);
  onAccepted();
  for await (const { event } of readEvents(response)) {
    applyEvent(live, event, performance.now());
    onChange();
    if (live.result !== undefined) return live.result;
    if (live.error !== undefined) throw toRunError(live.error);
  }
  return undefined;
}

/** Sends the turn, or comes back to it: the same request under the same key joins it. */
export function sendTurn(
  api: Api,
  { sessionId, pending, signal }: Pick<RunOptions, "sessionId" | "pending" | "signal">,
): Promise<Response> {
  const { key, message = "", retryOf, interrupts = false, turnId } = pending;
  if (turnId !== undefined) return api.followTurn(sessionId, turnId, signal);
  if (retryOf !== undefined) return api.streamRetry(sessionId, retryOf, key, signal);
  const whenBusy = interrupts ? { when_busy: "interrupt" as const } : {};
  return api.streamTurn(sessionId, { message, ...whenBusy }, key, signal);
}

/** The address of a stream's turn ends with its id. */
export function turnIdOf(response: Response): string | undefined {
  return /\/turns\/([^/]+)$/.exec(response.headers.get("Location") ?? "")?.[1];
}

function runningTurnId(failure: unknown): string | undefined {
  if (!(failure instanceof ApiError) || failure.problem.code !== "turn_in_progress") return undefined;
  return failure.problem.turn_id;
}

/** Reads the turn until it is stored; undefined where it is gone and must be posted again. */
async function untilStored(
  api: Api,
  { sessionId, live, onChange, signal }: RunOptions,
  turnId: string,
): Promise<Turn | undefined> {
  live.state = "lost";
  onChange();
  for (;;) {
    await pause(pollMs, signal);
    try {
      const turn = await api.turn(sessionId, turnId);
      if ("replies" in turn && !turn.retrying) return turn;
      if (turn.status === "refused" || turn.status === "cancelled") throw notStarted(turn.problem);
    } catch (failure) {
      const error = toApiError(failure);
      if (error.problem.code === "not_found") return undefined;
      if (!passes(error)) throw error;
    }
  }
}

/** The turn waited in its session's queue, and was not started. */
function notStarted(problem: TurnPending["problem"]): ApiError {
  const { code = "turn_cancelled", detail = "It was cancelled before it started." } = problem ?? {};
  return new ApiError({ status: 409, code, title: "The turn was not started", detail });
}

function toRunError({ code, message }: NonNullable<LiveTurn["error"]>): ApiError {
  return new ApiError({ status: 0, code, title: "The turn was not stored", detail: message });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
