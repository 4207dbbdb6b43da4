import { EventSchema } from "@ag-ui/core/schemas";
import * as z from "zod";
import { problem } from "../../src/http/schemas.ts";
import { session } from "../../src/routes/schemas/session.ts";
import { turnRead } from "../../src/routes/schemas/turn.ts";
import type { Answer } from "./api-client.ts";
import {
  type Check,
  type CheckContext,
  CheckFailed,
  expectAnswer,
  expectEqual,
  requireFixture,
} from "./check.ts";
import { switchMode } from "./mode-checks.ts";
import { evidenceOf, expectCompleted } from "./turn-answers.ts";

const conflictDetail = "Turn creation conflicted with concurrent writes. Please retry.";
const message = "@ada who are you?";
/** Two posts that did not overlap cause no conflict, and are repeated. */
const maxPairs = 3;

/** Two posts at once to one session, and a streamed turn. */
export const sessionChecks: readonly Check[] = [
  {
    name: "conflict",
    async run(context) {
      const { roomId } = requireFixture(context);
      await switchMode(context, "tag");
      const started = await context.api.send({ method: "POST", path: `/rooms/${roomId}/sessions` });
      const { id: sessionId } = expectAnswer(started, 201, session);
      const [won, lost] = await collide(context, sessionId);
      const turn = expectCompleted(won);
      const refusal = expectAnswer(lost, 409, problem);
      expectEqual("code", refusal.code, "turn_conflict");
      expectEqual("detail", refusal.detail, conflictDetail);
      expectEqual("turn_id", refusal.turn_id, turn.id);
      const retryAfter = lost.headers.get("Retry-After");
      if (!/^\d+$/.test(retryAfter ?? "")) throw new CheckFailed(`Retry-After is ${retryAfter}`);
      return {
        session: sessionId,
        ...evidenceOf(turn, won),
        lost: lost.status,
        retry_after: Number(retryAfter),
      };
    },
  },
  {
    name: "streamed turn",
    async run(context) {
      const { sessionId } = requireFixture(context);
      await switchMode(context, "tag");
      const [answer] = await context.api.postTurns([{ sessionId, message, isStream: true }]);
      if (answer === undefined) throw new CheckFailed("no turn was posted");
      const events = expectAnswer(answer, 200, z.array(EventSchema));
      expectEqual("the first event", events[0]?.type, "RUN_STARTED");
      const last = events.at(-1);
      if (last?.type !== "RUN_FINISHED") throw new CheckFailed(`the last event is ${last?.type ?? "none"}`);
      const turn = turnRead.parse(last.result);
      expectEqual("status", turn.status, "completed");

      const said = new Map<string, string>();
      for (const event of events) {
        if (event.type !== "TEXT_MESSAGE_CONTENT") continue;
        said.set(event.messageId, (said.get(event.messageId) ?? "") + event.delta);
      }
      for (const { message_id, content, agent_key } of turn.replies) {
        expectEqual(`what ${agent_key} said`, said.get(message_id), content);
      }
      const path = `/sessions/${sessionId}/turns/${turn.id}`;
      const stored = expectAnswer(await context.api.send({ method: "GET", path }), 200, turnRead);
      expectEqual("the stored turn", stored, turn);
      return { ...evidenceOf(turn, answer), events: events.length, first_text_ms: answer.firstTextMs ?? -1 };
    },
  },
];

/** The answers of two posts at once, the stored turn first. */
async function collide({ api }: CheckContext, sessionId: string): Promise<[won: Answer, lost: Answer]> {
  for (let pairs = 1; pairs <= maxPairs; pairs += 1) {
    const post = { sessionId, message };
    const [one, other] = await api.postTurns([post, post]);
    if (one === undefined || other === undefined) break;
    if (one.status !== 201 || other.status !== 201) return one.status === 201 ? [one, other] : [other, one];
  }
  throw new CheckFailed(`${maxPairs} times two posts at once were both answered with 201`);
}
