import { room } from "../../src/routes/schemas/room.ts";
import type { Answer } from "./api-client.ts";
import {
  type Check,
  type Evidence,
  expectAnswer,
  expectEqual,
  Miss,
  requirePlace,
  type Stage,
} from "./check.ts";
import { addAgent } from "./tool-checks.ts";
import { evidenceOf, expectCompleted, type Turn } from "./turn-answers.ts";

type Mode = Turn["mode"];

/** Who answers in each mode, and in which order. The last posts its turn once more, under the same key. */
export const modeChecks: readonly Check[] = [
  {
    name: "mode manual",
    async run(stage) {
      const { roomId } = requirePlace(stage);
      await addAgent(stage.api, roomId, { key: "linus", modelAlias: stage.modelAlias });
      return await playTurn(stage, "manual", "@ada who are you?", ["ada"]);
    },
  },
  {
    name: "mode tag",
    run: (stage) => playTurn(stage, "tag", "@linus @ada who are you?", ["linus", "ada"]),
  },
  {
    name: "mode roundtable",
    run: (stage) => playTurn(stage, "roundtable", "Who are you?", ["ada", "linus"]),
  },
  {
    name: "mode orchestrator, idempotent replay",
    async run(stage) {
      const place = requirePlace(stage);
      const post = { ...place, message: "Who of you two is better at sums?", key: stage.newId() };
      await switchMode(stage, "orchestrator");
      const [answer] = await stage.api.postTurns([post]);
      const turn = expectCompleted(answer);
      expectEqual("mode", turn.mode, "orchestrator");
      const strangers = turn.replies.filter(({ agent_key }) => !["ada", "linus"].includes(agent_key));
      expectEqual("replies of strangers", strangers.length, 0);

      const [again] = await stage.api.postTurns([post]);
      expectEqual("the replayed turn", expectCompleted(again), turn);
      expectEqual("Idempotency-Replayed", again?.headers.get("Idempotency-Replayed"), "true");
      expectEqual("Idempotency-Replayed at first", answer?.headers.get("Idempotency-Replayed") ?? null, null);
      return { ...evidenceOf(turn, answer), replay_ms: again?.ms ?? 0 };
    },
  },
];

async function playTurn(stage: Stage, mode: Mode, message: string, expected: string[]): Promise<Evidence> {
  const place = requirePlace(stage);
  await switchMode(stage, mode);
  const [answer] = await stage.api.postTurns([{ ...place, message }]);
  const turn = expectCompleted(answer);
  expectEqual("mode", turn.mode, mode);
  expectEqual(
    "who answered",
    turn.replies.map(({ agent_key }) => agent_key),
    expected,
  );
  return evidenceOf(turn, answer);
}

export async function switchMode(stage: Stage, mode: Mode): Promise<void> {
  const path = `/rooms/${requirePlace(stage).roomId}/mode`;
  const answer: Answer = await stage.api.send({ method: "PATCH", path, body: { mode } });
  const { current_mode, pending_mode } = expectAnswer(answer, 200, room);
  if (pending_mode !== mode && current_mode !== mode) throw new Miss(`the room does not change to ${mode}`);
}
