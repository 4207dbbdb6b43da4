import * as z from "zod";
import { creditAmount, id, text } from "../../http/schemas.ts";

export const newQueuedTurn = z
  .strictObject({
    message: text(32_000).describe(
      "What the user says; `@key` tags an agent in the modes `manual` and `tag`",
    ),
    model_alias_override: text(64)
      .optional()
      .describe("The model that answers for every agent of this turn: an `alias` of `GET /models`"),
    max_credits: creditAmount.optional().meta({ description: "Lowers what the turn may spend" }),
  })
  .meta({
    id: "NewQueuedTurn",
    description: "A message to the room, which may wait",
    examples: [{ message: "@scout what comes first?" }],
  });

export const newTurn = newQueuedTurn
  .extend({
    when_busy: z
      .enum(["refuse", "interrupt"])
      // No `default` in the document: generators take a field that has one to be required.
      .optional()
      .describe(
        "What happens while the session is busy: 409 (`refuse`, the default), or the running turn is cancelled and this one runs before all that wait",
      ),
  })
  .meta({
    id: "NewTurn",
    description: "A message to the room",
    examples: [{ message: "@scout what comes first?" }],
  });

/** A retry takes no fields yet. Unknown fields are refused. */
export const newRetry = z.strictObject({}).meta({ id: "NewRetry", description: "A retry has no fields yet" });

/** For the reference only: `readIdempotencyKey` reads the header and refuses a bad one with 400. */
export const runHeaders = z.object({
  "Idempotency-Key": z.string().optional().meta({
    minLength: 1,
    maxLength: 255,
    pattern: "^[\\x20-\\x7e]+$",
    description: "Makes the request safe to repeat: send the same request with the same key",
  }),
});

export const turnParams = z.object({
  session_id: id.describe("The session"),
  turn_id: id.describe("The turn"),
});
