import type * as z from "zod";
import { turnRead } from "../../src/routes/schemas/turn.ts";
import type { Answer } from "./api-client.ts";
import { CheckFailed, type Evidence, expectAnswer, expectEqual } from "./check.ts";

export type Turn = z.output<typeof turnRead>;

/** A turn that was stored and that every agent answered. */
export function expectCompleted(answer: Answer | undefined): Turn {
  if (answer === undefined) throw new CheckFailed("no turn was posted");
  const turn = expectAnswer(answer, 201, turnRead);
  const failed = turn.replies.find(({ status }) => status === "failed");
  if (failed) throw new CheckFailed(`turn ${turn.id}: ${failed.agent_key} failed: ${failed.error?.code}`);
  expectEqual(`turn ${turn.id}: status`, turn.status, "completed");
  return turn;
}

export function evidenceOf(turn: Turn, answer: Answer | undefined): Evidence {
  const roundTrips = /\bdb;desc="(\d+)"/.exec(answer?.headers.get("Server-Timing") ?? "")?.[1];
  return {
    turn: turn.id,
    status: turn.status,
    replies: turn.replies.map(({ agent_key }) => agent_key).join(","),
    credits: turn.usage.credits,
    ...(roundTrips === undefined ? {} : { db: roundTrips }),
  };
}
