import * as z from "zod";
import type { WaitingTurn } from "../../db/turn/session-queue.ts";
import { type ErrorCode, errorCodeNames, errorCodes } from "../../domain/errors.ts";
import type { PendingTurn } from "../../domain/turn/queued-turn.ts";
import { headers } from "../../http/answer-header-schemas.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { json } from "../../http/responses.ts";
import { createdAt, id } from "../../http/schemas.ts";
import type { TurnAnswer } from "../../turn/run.ts";

const statuses = ["queued", "running", "refused", "cancelled", "completed", "partial", "failed"] as const;

const endedProblem = lazily(() =>
  z
    .looseObject({
      code: z.enum(errorCodeNames).describe("Why, for programs; stable"),
      title: z.string().describe("The code in words"),
      status: z.int().describe("The HTTP status that a direct post is answered"),
      detail: z.string().describe("Why, for people"),
    })
    .meta({ id: "QueuedTurnProblem", description: "Why a turn that waited was not started" }),
);

export const turnPending = lazily(() =>
  z
    .object({
      id: id.describe("The turn's id"),
      session_id: id.describe("The turn's session"),
      turn_index: z.int().min(1).nullable().describe("Its number in the session; null: it has not started"),
      status: z
        .enum(statuses)
        .describe(
          "`queued`: it waits; `running`; `refused`: it waited and could not start; `cancelled`: before it started; else as a stored turn's",
        ),
      position: z
        .int()
        .min(1)
        .nullable()
        .describe("Its place among those that wait, from 1; null: it does not wait"),
      problem: endedProblem.nullable().describe("Why it was refused; null: it was not"),
    })
    .meta({ id: "TurnPending", description: "A turn that is not stored yet, or was when this was asked" }),
);

/** The answer of an operation that does not wait for its turn. */
export const pendingAnswer = {
  ...json(turnPending, "The turn is not stored yet; `Location` has it, `Link` its events"),
  headers: headers("Location", "Link", "Idempotency-Replayed"),
};

type TurnState = Omit<PendingTurn, "status"> & { status: (typeof statuses)[number] };

/** A turn that is stored meanwhile, as its state. */
export function toStoredState({ stored: { turn } }: TurnAnswer): TurnState {
  const { id, sessionId, turnIndex, status } = turn;
  return { id, sessionId, turnIndex, status, position: null, problem: null };
}

/** The state of a turn in its wire form. */
export function toTurnPending(pending: TurnState): z.input<typeof turnPending> {
  return {
    id: pending.id,
    session_id: pending.sessionId,
    turn_index: pending.turnIndex,
    status: pending.status,
    position: pending.position,
    problem: pending.problem && toProblem(pending.problem),
  };
}

function toProblem({ code, detail, members }: { code: ErrorCode; detail: string; members: object }) {
  const { title, status } = errorCodes[code];
  return { ...members, code, title, status, detail };
}

export const queuedTurn = lazily(() =>
  turnPending
    .unwrap()
    .extend({
      user_input: z.string().describe("The message"),
      created_at: createdAt,
    })
    .meta({ id: "QueuedTurn", description: "A turn that waits" }),
);

export function toQueuedTurn({ message, createdAt, ...pending }: WaitingTurn): z.input<typeof queuedTurn> {
  return { ...toTurnPending(pending), user_input: message, created_at: createdAt.toISOString() };
}
