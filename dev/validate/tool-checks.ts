import * as z from "zod";
import { room } from "../../src/routes/schemas/room.ts";
import { session } from "../../src/routes/schemas/session.ts";
import { turnDetail } from "../../src/routes/schemas/turn-detail.ts";
import {
  type Check,
  type CheckContext,
  CheckFailed,
  expectAnswer,
  expectEqual,
  requireFixture,
} from "./check.ts";
import { evidenceOf, expectCompleted } from "./turn-answers.ts";

const question = "search: when is high water at Lisbon?";

const agent = z.object({ agent_key: z.string(), tool_permissions: z.array(z.string()) });

/** The output of the search tool in a deployment without a key for it. */
const notConfigured = z.object({ error: z.literal("search_not_configured") });

/** A tool is denied without a permission and runs with one. The first check creates the room of all others. */
export const toolChecks: readonly Check[] = [
  {
    name: "deny path",
    async run(context) {
      context.fixture = await createFixture(context);
      const [answer] = await context.api.postTurns([{ ...context.fixture, message: question }]);
      const turn = expectCompleted(answer);
      expectEqual("tool events", turn.tool_calls.length, 0);
      const path = `/sessions/${context.fixture.sessionId}/turns/${turn.id}`;
      const detail = expectAnswer(await context.api.send({ method: "GET", path }), 200, turnDetail);
      expectEqual("tool events on record", detail.tool_calls.length, 0);
      return { room: context.fixture.roomId, ...evidenceOf(turn, answer) };
    },
  },
  {
    name: "allow path",
    async run(context) {
      const fixture = requireFixture(context);
      const allowed = await context.api.send({
        method: "PATCH",
        path: `/rooms/${fixture.roomId}/agents/ada`,
        body: { tool_permissions: ["search"] },
      });
      expectAnswer(allowed, 200, agent);
      const [answer] = await context.api.postTurns([{ ...fixture, message: question }]);
      const turn = expectCompleted(answer);
      const event = turn.tool_calls.find(({ tool_name }) => tool_name === "search");
      if (event === undefined) throw new CheckFailed(`turn ${turn.id} has no tool event`);
      expectEqual("agent", event.agent_key, "ada");
      const isUsable = event.status === "success" || notConfigured.safeParse(event.output).success;
      if (!isUsable) {
        throw new CheckFailed(`tool event ${event.id} is ${event.status}: ${JSON.stringify(event.output)}`);
      }
      const { id, status, latency_ms } = event;
      return { ...evidenceOf(turn, answer), event: id, event_status: status, latency_ms };
    },
  },
];

async function createFixture({ api, modelAlias, created }: CheckContext) {
  const body = { name: "Staging check", goal: "Answer in one short sentence.", current_mode: "roundtable" };
  const { id: roomId } = expectAnswer(await api.send({ method: "POST", path: "/rooms", body }), 201, room);
  created.push(`/rooms/${roomId}`);
  await addAgent(api, roomId, { key: "ada", modelAlias });
  const started = await api.send({ method: "POST", path: `/rooms/${roomId}/sessions` });
  return { roomId, sessionId: expectAnswer(started, 201, session).id };
}

export async function addAgent(
  api: CheckContext["api"],
  roomId: string,
  { key, modelAlias }: { key: string; modelAlias: string },
): Promise<void> {
  const body = {
    agent_key: key,
    name: `${key.charAt(0).toUpperCase()}${key.slice(1)}`,
    model_alias: modelAlias,
    role_prompt: "You are brief: one short sentence, always.",
  };
  expectAnswer(await api.send({ method: "POST", path: `/rooms/${roomId}/agents`, body }), 201, agent);
}
