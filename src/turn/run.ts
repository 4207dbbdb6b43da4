import type { ClaimedRequest } from "../db/schema.ts";
import type { LatestMessage } from "../db/turn/latest-messages.ts";
import type { OpenedTurn } from "../db/turn/open-turn.ts";
import type { StoredTurn } from "../db/turn/stored-turn.ts";
import type { DroppedRange } from "../domain/context/seq-ranges.ts";
import type { TurnContext } from "../domain/context/turn-context.ts";
import type { ErrorCode, PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { TurnPlan } from "../domain/plan/turn-plan.ts";
import type { PendingTurn } from "../domain/turn/queued-turn.ts";
import type { StockClient } from "../domain/turn/stream-client.ts";
import type { TurnTimings } from "../domain/turn/turn-timings.ts";
import type { User } from "../domain/user.ts";

/**
 * The turn is stored. One batch writes its record, which has the ledger of the run, and deletes the claim, and with it what
 * the run held of its budgets.
 */
export type StoredEnding = {
  kind: "stored";
  /** `last`: the last checkpoint stays for as long as this deployment keeps them; `none`: no checkpoint stays. */
  checkpoint: "last" | "none";
};

/** No turn is stored, and the session is free again: one batch deletes claim and checkpoints. */
export type RefusedEnding = {
  kind: "refused";
  /** `none`: no model was called; `without_turn`: the calls of the run, with estimates of those in flight. */
  ledger: "none" | "without_turn";
  /** `refusal`: the error with which planning refused the run. */
  answer: "refusal" | ErrorCode;
};

/** This holder stops, reports its own calls to the ledger, and leaves the run to recovery. */
export type UnfinishedEnding = {
  kind: "unfinished";
  /**
   * `expire`: the lease ends now, so that recovery need not wait, and the same request stores what no checkpoint holds yet.
   * `leave`: claim and checkpoints stay as they are.
   */
  claim: "expire" | "leave";
  answer: ErrorCode;
};

export type Ending = StoredEnding | RefusedEnding | UnfinishedEnding;

/** Which ending a run has is decided by who ends it: the holder that executes it, or the one that settles it. */
export type ExecutedEndingName = "committed" | "cancelled";
export type SettledEndingName = "recovered" | "cancelled";
/** Planning refuses the run. */
export type PlannedEndingName = "refused" | "recovered_then_refused";
/** The database does not take the last write of another ending. */
type FailedWriteEndingName = "too_large" | "commit_refused" | "not_released";
/** The holder stops without a turn. */
type StoppedEndingName = "lease_not_renewed" | "commit_failed" | "lease_lost" | "crashed";
type EndingName =
  | ExecutedEndingName
  | SettledEndingName
  | PlannedEndingName
  | FailedWriteEndingName
  | StoppedEndingName;

/**
 * How a run can end, and what each ending does. `end.ts` and `end-unfinished.ts` read this table; nothing else decides it.
 * `README.md` beside this file shows it.
 */
export const endings = {
  committed: { kind: "stored", checkpoint: "last" },
  /** The replies are larger than one request to the database may be; they fail with `turn_too_large`. */
  too_large: { kind: "stored", checkpoint: "none" },
  recovered: { kind: "stored", checkpoint: "last" },
  /** The user cancelled the run. It is stored by its holder, or by the one that settles it. */
  cancelled: { kind: "stored", checkpoint: "last" },
  refused: { kind: "refused", ledger: "none", answer: "refusal" },
  /** Planning refuses a run that a past holder had started, for example under the rules of an earlier deployment. */
  recovered_then_refused: { kind: "refused", ledger: "without_turn", answer: "refusal" },
  /**
   * This holder has the claim, but another row has a key that a row of the turn needs. A repeat would fail in the same way.
   */
  commit_refused: { kind: "refused", ledger: "without_turn", answer: "commit_failed" },
  lease_not_renewed: { kind: "unfinished", claim: "expire", answer: "commit_failed" },
  commit_failed: { kind: "unfinished", claim: "expire", answer: "commit_failed" },
  lease_lost: { kind: "unfinished", claim: "leave", answer: "turn_conflict" },
  crashed: { kind: "unfinished", claim: "leave", answer: "internal_error" },
  /** A refused run whose claim could not be deleted. Recovery ends in the same way, and deletes it. */
  not_released: { kind: "unfinished", claim: "leave", answer: "database_unavailable" },
} as const satisfies Record<EndingName, Ending>;

type EndingsLike<Kind extends Ending> = {
  [Name in keyof typeof endings]: (typeof endings)[Name] extends Kind ? Name : never;
}[keyof typeof endings];

export type StoredEndingName = EndingsLike<StoredEnding>;
/** Endings in which the holder stops by itself, so that it can still store its answers. */
export type ExpiringEndingName = EndingsLike<UnfinishedEnding & { claim: "expire" }>;
export type LeavingEndingName = EndingsLike<UnfinishedEnding & { claim: "leave" }>;

/** Thrown where a run has ended, by the table, without a turn. */
export class RunEnded extends Error {
  override readonly name = "RunEnded";
  /** What the client is answered. */
  readonly answer: PantheonError;

  constructor(answer: PantheonError) {
    super(answer.message, { cause: answer });
    this.answer = answer;
  }
}

/** The user who asks for a run, the session, and where the run's events are logged. */
export type Requester = {
  user: User;
  sessionId: string;
  idempotencyKey: string | null;
  requestId: string;
  log: Log;
};

/** What a client asked for: a new turn, or a further run of a stored one. */
export type RunRequest = Requester &
  ({ kind: "turn"; request: ClaimedRequest } | { kind: "retry"; turnId: string });

/**
 * What a request does whose session runs another turn, or has turns that wait: it is refused, waits after them, or ends the
 * running turn and waits before them.
 */
export type WhenBusy = "refuse" | "queue" | "interrupt";

/** When this holder started, in ms of its own clock. */
export type RunStart = {
  startedMs: number;
  /** When the request that took the claim was sent. */
  sentMs: number;
  openMs: number;
};

/** A run that holds its claim and has its plan: ready to be executed. */
export type Run = RunStart & {
  request: RunRequest;
  turn: Omit<OpenedTurn, "window">;
  plan: TurnPlan;
  context: TurnContext;
  /** Messages after the summary that open did not read, so that no prompt has them. */
  notRead: readonly DroppedRange[];
  /** By agent key: estimated tokens of its prompt at the start of the run. */
  promptTokens: ReadonlyMap<string, number>;
};

export type TurnAnswer = { stored: StoredTurn; timings: TurnTimings; replayed: boolean };

/** Reads the session's conversation, for a client that may have missed events. One request to the database. */
export type LoadSnapshot = () => Promise<LatestMessage[]>;

/** A run as a route sees it: stored before under the same key, ready to be handed over to its host, or waiting. */
export type RunHandle = { runId: string; turnId: string } & (
  | { kind: "replay"; loadSnapshot: LoadSnapshot; answer: () => TurnAnswer }
  | {
      kind: "run";
      pending: PendingTurn;
      /** Asks the session's host to execute the run; resolves when its turn is stored. */
      execute: () => Promise<TurnAnswer>;
      /** Asks the same and returns the run's events. `client`: the stock client that reads them. */
      watch: (client: StockClient | null) => Promise<ReadableStream<Uint8Array>>;
    }
);
