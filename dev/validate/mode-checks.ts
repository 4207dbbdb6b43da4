import { room } from "../../src/routes/schemas/room.ts";
import type { Answer } from "./api-client.ts";
import {
  type Check,
  type CheckContext,
  CheckFailed,
  type Evidence,
  expectAnswer,
  expectEqual,
  requireFixture,
} from "./check.ts";
import { addAgent } from "./tool-checks.ts";
import { evidenceOf, expectCompleted, type Turn } from "./turn-answers.ts";

type Mode = Turn["mode"];

/** Which agents answer in each mode, and in which order. The last check posts its turn again with the same key. */
export const modeChecks: readonly Check[] = [
  {
    name: "mode manual",
    async run(context) {
      const { roomId } = requireFixture(context);
      await addAgent(context.api, roomId, { key: "linus", modelAlias: context.modelAlias });
      return await runTurn(context, "manual", "@ada who are you?", ["ada"]);
    },
  },
  {
    name: "mode tag",
    run: (context) => runTurn(context, "tag", "@linus @ada who are you?", ["linus", "ada"]),
  },
  {
    name: "mode roundtable",
    run: (context) => runTurn(context, "roundtable", "Who are you?", ["ada", "linus"]),
  },
  {
    name: "mode orchestrator, idempotent replay",
    async run(context) {
      const fixture = requireFixture(context);
      const post = { ...fixture, message: "Who of you two is better at sums?", key: context.newId() };
      await switchMode(context, "orchestrator");
      await setSynthesis(context, "manager");
      const [answer] = await context.api.postTurns([post]);
      await setSynthesis(context, "off");
      const turn = expectCompleted(answer);
      expectEqual("mode", turn.mode, "orchestrator");
      const synthesis = turn.replies.find(({ role }) => role === "synthesis");
      expectEqual("who wrote the synthesis", synthesis?.agent_key, "manager");
      expectEqual("the turn's output", turn.assistant_output, synthesis?.content);
      const others = turn.replies.filter(({ agent_key }) => !["ada", "linus", "manager"].includes(agent_key));
      expectEqual("replies of other agents", others.length, 0);

      const [again] = await context.api.postTurns([post]);
      expectEqual("the replayed turn", expectCompleted(again), turn);
      expectEqual("Idempotency-Replayed", again?.headers.get("Idempotency-Replayed"), "true");
      expectEqual("Idempotency-Replayed at first", answer?.headers.get("Idempotency-Replayed") ?? null, null);
      return { ...evidenceOf(turn, answer), replay_ms: again?.ms ?? 0 };
    },
  },
];

async function runTurn(
  context: CheckContext,
  mode: Mode,
  message: string,
  expected: string[],
): Promise<Evidence> {
  const fixture = requireFixture(context);
  await switchMode(context, mode);
  const [answer] = await context.api.postTurns([{ ...fixture, message }]);
  const turn = expectCompleted(answer);
  expectEqual("mode", turn.mode, mode);
  expectEqual(
    "who answered",
    turn.replies.map(({ agent_key }) => agent_key),
    expected,
  );
  return evidenceOf(turn, answer);
}

async function setSynthesis(context: CheckContext, synthesis: string): Promise<void> {
  const path = `/rooms/${requireFixture(context).roomId}`;
  const answer = await context.api.send({ method: "PATCH", path, body: { orchestration: { synthesis } } });
  expectEqual("synthesis", expectAnswer(answer, 200, room).orchestration.synthesis, synthesis);
}

export async function switchMode(context: CheckContext, mode: Mode): Promise<void> {
  const path = `/rooms/${requireFixture(context).roomId}/mode`;
  const answer: Answer = await context.api.send({ method: "PATCH", path, body: { mode } });
  const { current_mode, pending_mode } = expectAnswer(answer, 200, room);
  if (pending_mode !== mode && current_mode !== mode)
    throw new CheckFailed(`the room does not change to ${mode}`);
}
