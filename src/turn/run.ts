import type { ClaimedRequest } from "../db/schema.ts";
import type { LatestMessage } from "../db/turn/latest-messages.ts";
import type { OpenedTurn } from "../db/turn/open-turn.ts";
import type { StoredTurn } from "../db/turn/stored-turn.ts";
import type { TurnContext } from "../domain/context/turn-context.ts";
import type { ErrorCode } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { TurnPlan } from "../domain/plan/turn-plan.ts";
import type { EmitTurnEvent } from "../domain/turn/turn-events.ts";
import type { TurnTimings } from "../domain/turn/turn-timings.ts";
import type { User } from "../domain/user.ts";

/** The turn is stored, in the one batch that also deletes the claim. */
export type StoredEnding = {
  claim: "delete";
  /** `last`: the last checkpoint stays for as long as this deployment keeps them; `none`: no checkpoint stays. */
  checkpoint: "last" | "none";
  /** The calls of this run, with estimates of those that past holders may have had in flight. */
  ledger: "in_turn";
  /** `consume`: what was spent is booked, and the rest of what the run held of its budgets is free. */
  reservation: "consume";
  answer: "turn";
};

/** Nothing of the turn is stored, and the session is free again. */
export type RefusedEnding = {
  claim: "delete";
  checkpoint: "none";
  /** `none`: no model was called; `with_estimates`: the calls of past holders, with estimates of those in flight. */
  ledger: "none" | "with_estimates";
  /** `release`: nothing was spent; all that the run held is free. */
  reservation: "release" | "consume";
  answer: "refusal";
};

/** This holder stops, and the run waits for recovery. */
export type UnfinishedEnding = (
  | {
      /** The lease ends now, so that recovery need not wait for it. */
      claim: "expire";
      /** In the same request, what no checkpoint holds yet is stored. */
      checkpoint: "unstored";
    }
  | { claim: "leave"; checkpoint: "as_it_is" }
) & {
  /** `late_report`: this holder writes its own calls now; `by_recovery`: recovery finds them in the checkpoint. */
  ledger: "late_report" | "by_recovery";
  /** `keep`: whoever goes on with the run spends the rest of it. */
  reservation: "keep";
  answer: ErrorCode;
};

export type Ending = StoredEnding | RefusedEnding | UnfinishedEnding;

/**
 * How a run can end, and what each ending does. `end.ts` and `end-unfinished.ts` read this table; nothing else decides it.
 * `docs/architecture.md` and `README.md` beside this file describe it.
 */
export const endings = {
  committed: {
    claim: "delete",
    checkpoint: "last",
    ledger: "in_turn",
    reservation: "consume",
    answer: "turn",
  },
  /** The replies are larger than one request to the database may be; they fail with `turn_too_large`. */
  too_large: {
    claim: "delete",
    checkpoint: "none",
    ledger: "in_turn",
    reservation: "consume",
    answer: "turn",
  },
  recovered: {
    claim: "delete",
    checkpoint: "last",
    ledger: "in_turn",
    reservation: "consume",
    answer: "turn",
  },
  refused: { claim: "delete", checkpoint: "none", ledger: "none", reservation: "release", answer: "refusal" },
  /** Planning refuses a run that a past holder had begun, for example under the rules of an earlier deployment. */
  recovered_then_refused: {
    claim: "delete",
    checkpoint: "none",
    ledger: "with_estimates",
    reservation: "consume",
    answer: "refusal",
  },
  client_gone: {
    claim: "expire",
    checkpoint: "unstored",
    ledger: "late_report",
    reservation: "keep",
    answer: "turn_in_progress",
  },
  lease_not_renewed: {
    claim: "expire",
    checkpoint: "unstored",
    ledger: "late_report",
    reservation: "keep",
    answer: "turn_conflict",
  },
  lease_lost: {
    claim: "leave",
    checkpoint: "as_it_is",
    ledger: "late_report",
    reservation: "keep",
    answer: "turn_conflict",
  },
  commit_failed: {
    claim: "expire",
    checkpoint: "unstored",
    ledger: "by_recovery",
    reservation: "keep",
    answer: "commit_failed",
  },
  crashed: {
    claim: "leave",
    checkpoint: "as_it_is",
    ledger: "by_recovery",
    reservation: "keep",
    answer: "internal_error",
  },
} as const satisfies Record<string, Ending>;

type EndingsLike<Kind extends Ending> = {
  [Name in keyof typeof endings]: (typeof endings)[Name] extends Kind ? Name : never;
}[keyof typeof endings];

export type StoredEndingName = EndingsLike<StoredEnding>;
export type RefusedEndingName = EndingsLike<RefusedEnding>;
export type UnfinishedEndingName = EndingsLike<UnfinishedEnding>;

/** The user who asks for a run, the session, and where the run's events are logged. */
export type Requester = {
  user: User;
  sessionId: string;
  idempotencyKey: string | null;
  log: Log;
};

/** What a client asked for: a new turn, or a further run of a stored one. */
export type RunRequest = Requester &
  ({ kind: "turn"; request: ClaimedRequest } | { kind: "retry"; turnId: string });

/** When this holder began, in ms of its own clock. */
export type RunStart = {
  startedMs: number;
  /** When the request that took the claim was sent. */
  sentMs: number;
  openMs: number;
};

/** A run that holds its claim and has its plan: ready to be executed. */
export type Run = RunStart & {
  request: RunRequest;
  turn: OpenedTurn;
  plan: TurnPlan;
  context: TurnContext;
  /** By agent key: estimated tokens of its prompt at the start of the run. */
  promptTokens: ReadonlyMap<string, number>;
};

export type TurnAnswer = { stored: StoredTurn; timings: TurnTimings; replayed: boolean };

/** The client that waits for a run. */
export type RunClient = {
  emit: EmitTurnEvent;
  /** Aborts when the client has disconnected; the run then goes on for a while. */
  gone: AbortSignal;
};

/** Reads the session's conversation, for a client that may have missed events. One request to the database. */
export type LoadSnapshot = () => Promise<LatestMessage[]>;

/** A run as a route sees it: stored before under the same key, or ready to be executed. */
export type RunHandle = { runId: string; turnId: string } & (
  | { kind: "replay"; loadSnapshot: LoadSnapshot; answer: () => TurnAnswer }
  /** A new run has no snapshot: its client has missed nothing. */
  | { kind: "run"; loadSnapshot: LoadSnapshot | null; execute: (client: RunClient) => Promise<TurnAnswer> }
);
