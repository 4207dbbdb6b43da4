import * as z from "zod";
import { room } from "../../src/routes/schemas/room.ts";
import { session } from "../../src/routes/schemas/session.ts";
import { turnDetail } from "../../src/routes/schemas/turn-detail.ts";
import { type Check, expectAnswer, expectEqual, Miss, requirePlace, type Stage } from "./check.ts";
import { evidenceOf, expectCompleted } from "./turn-answers.ts";

const question = "search: when is high water at Lisbon?";

const agent = z.object({ agent_key: z.string(), tool_permissions: z.array(z.string()) });

/** What the search tool says of itself where a deployment has no key for it. */
const notConfigured = z.object({ error: z.literal("search_not_configured") });

/** Who may use a tool, and who may not. The first makes the room that all others work in, with one agent. */
export const toolChecks: readonly Check[] = [
  {
    name: "deny path",
    async run(stage) {
      stage.place = await makePlace(stage);
      const [answer] = await stage.api.postTurns([{ ...stage.place, message: question }]);
      const turn = expectCompleted(answer);
      expectEqual("tool events", turn.tool_calls.length, 0);
      const path = `/sessions/${stage.place.sessionId}/turns/${turn.id}`;
      const detail = expectAnswer(await stage.api.send({ method: "GET", path }), 200, turnDetail);
      expectEqual("tool events on record", detail.tool_calls.length, 0);
      return { room: stage.place.roomId, ...evidenceOf(turn, answer) };
    },
  },
  {
    name: "allow path",
    async run(stage) {
      const place = requirePlace(stage);
      const allowed = await stage.api.send({
        method: "PATCH",
        path: `/rooms/${place.roomId}/agents/ada`,
        body: { tool_permissions: ["search"] },
      });
      expectAnswer(allowed, 200, agent);
      const [answer] = await stage.api.postTurns([{ ...place, message: question }]);
      const turn = expectCompleted(answer);
      const event = turn.tool_calls.find(({ tool_name }) => tool_name === "search");
      if (event === undefined) throw new Miss(`turn ${turn.id} has no tool event`);
      expectEqual("agent", event.agent_key, "ada");
      const isUsable = event.status === "success" || notConfigured.safeParse(event.output).success;
      if (!isUsable) {
        throw new Miss(`tool event ${event.id} is ${event.status}: ${JSON.stringify(event.output)}`);
      }
      const { id, status, latency_ms } = event;
      return { ...evidenceOf(turn, answer), event: id, event_status: status, latency_ms };
    },
  },
];

async function makePlace({ api, modelAlias, made }: Stage) {
  const body = { name: "Staging check", goal: "Answer in one short sentence.", current_mode: "roundtable" };
  const { id: roomId } = expectAnswer(await api.send({ method: "POST", path: "/rooms", body }), 201, room);
  made.push(`/rooms/${roomId}`);
  await addAgent(api, roomId, { key: "ada", modelAlias });
  const started = await api.send({ method: "POST", path: `/rooms/${roomId}/sessions` });
  return { roomId, sessionId: expectAnswer(started, 201, session).id };
}

export async function addAgent(
  api: Stage["api"],
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
