import { enqueueTurn, type QueuePlace } from "../db/turn/enqueue-turn.ts";
import type { OpenRequest } from "../db/turn/open-turn.ts";
import { loadIdleQueues } from "../db/turn/session-queue.ts";
import type { Deps } from "../deps.ts";
import { nameOfError } from "../domain/error-name.ts";
import { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { maxWaiting, type PendingTurn, type QueuedEntry } from "../domain/turn/queued-turn.ts";
import type { RunRequest, WhenBusy } from "./run.ts";
import { stopCancelledRun } from "./stop-cancelled-run.ts";

const places = { queue: "end", interrupt: "head" } as const satisfies Record<
  Exclude<WhenBusy, "refuse">,
  QueuePlace
>;

type Wait = { whenBusy: WhenBusy; open: OpenRequest };

/**
 * Has a turn wait in its session's queue, where its request says so. Null: it does not wait, or need not: its key is known
 * meanwhile, or the session is gone, and another open finds out.
 * @throws PantheonError `queue_full`.
 */
export async function waitInQueue(
  deps: Deps,
  request: RunRequest,
  { whenBusy, open }: Wait,
): Promise<PendingTurn | null> {
  if (whenBusy === "refuse" || open.kind === "retry") return null;
  const { sessionId, userId, idempotencyKey, requestHash, leaseMs } = open;
  const entry = {
    turnId: open.runId,
    sessionId,
    userId,
    idempotencyKey,
    requestHash,
    request: open.request,
    leaseMs,
  };
  const enqueued = await enqueueTurn(deps.db, entry, places[whenBusy]);
  switch (enqueued.kind) {
    case "waiting":
      if (enqueued.cancelled !== null) await stopCancelledRun(deps, enqueued.cancelled, request.log);
      wakeQueue(deps, sessionId, request.log);
      return toPending(sessionId, enqueued.entry, [], enqueued.position);
    case "full":
      throw new PantheonError("queue_full", `${maxWaiting} turns wait in this session already.`);
    case "not_added":
      return null;
  }
}

/** An entry of the queue as its client sees it. */
export function toPending(
  sessionId: string,
  entry: QueuedEntry,
  queue: readonly QueuedEntry[],
  position = queue.filter(({ status }) => status === "waiting").indexOf(entry) + 1,
): PendingTurn {
  const { turnId, status, problem } = entry;
  const isWaiting = status === "waiting";
  return {
    id: turnId,
    sessionId: sessionId.toLowerCase(),
    status: isWaiting ? "queued" : status,
    turnIndex: null,
    position: isWaiting ? position : null,
    problem,
  };
}

/** Tells the session's object that a turn waits. One that is not reached is told by the job of every minute. */
export function wakeQueue(deps: Deps, sessionId: string, log: Log): void {
  const woken = deps.hosts(sessionId).wakeQueue({ sessionId: sessionId.toLowerCase() });
  deps.keepAlive(
    woken.catch((error: unknown) => {
      log.warn("queue_not_woken", { error: nameOfError(error) });
    }),
  );
}

/** In one call of the scheduled job; the next minute takes the rest. */
const maxSessions = 50;

/** Wakes the objects of sessions in which a turn waits and none runs. */
export async function wakeIdleQueues(deps: Deps): Promise<void> {
  for (const sessionId of await loadIdleQueues(deps.db, maxSessions)) wakeQueue(deps, sessionId, deps.log);
}
