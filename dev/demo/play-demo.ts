import { styleText } from "node:util";
import * as z from "zod";
import { turnDetail } from "../../src/routes/schemas/turn-detail.ts";
import { type Access, callApi, streamTurn } from "./api.ts";
import { demoAgents, demoRoom, SCENES, type Scene } from "./cast.ts";
import { followTurn } from "./live-turn.ts";
import { reportTurn, sumCredits, sumTokens, type Turn } from "./report.ts";
import { createVoice, type Voice } from "./spoken-lines.ts";

const created = z.object({ id: z.uuid() });

const lineWidth = 110;
const userLabel = "You";
const agentColors = ["cyan", "magenta", "yellow"] as const;
const labelWidth =
  Math.max(...[userLabel, ...demoAgents.map(({ name }) => name)].map((name) => name.length)) + 3;

type Stage = { access: Access; write: (text: string) => void };
type Place = { roomId: string; sessionId: string };

/**
 * Makes a room, plays one turn of each mode in it and shows what is said while it is said, then what it
 * took. Throws an Error that says why where a turn is refused, not stored, or not answered by all.
 */
export async function playDemo(stage: Stage): Promise<void> {
  const place = await setTheScene(stage);
  const turns: Turn[] = [];
  for (const scene of SCENES) turns.push(await playScene(stage, place, scene));

  const calls = turns.flatMap(({ llm_calls }) => llm_calls);
  print(
    stage,
    `\n${turns.length} turns, ${calls.length} model calls, ${sumTokens(calls)} tokens, ${sumCredits(calls)} credits. ` +
      `On record in session ${place.sessionId}.`,
  );
  const poor = turns.filter(({ status }) => status !== "completed");
  if (poor.length > 0) {
    throw new Error(
      `Not every agent answered: ${poor.map(({ mode, status }) => `${mode} is ${status}`).join(", ")}.`,
    );
  }
}

async function setTheScene({ access, write }: Stage): Promise<Place> {
  const { id: roomId } = await callApi(access, { method: "POST", path: "/rooms", body: demoRoom }, created);
  print({ write }, `\nRoom "${demoRoom.name}": ${demoRoom.goal}`);
  for (const agent of demoAgents) {
    await callApi(access, { method: "POST", path: `/rooms/${roomId}/agents`, body: agent }, created);
    const tools = agent.tool_permissions.map((tool) => `, may use ${tool}`).join("");
    print({ write }, `  ${agent.name} (${agent.model_alias}${tools}): ${agent.role_prompt}`);
  }
  const started = await callApi(access, { method: "POST", path: `/rooms/${roomId}/sessions` }, created);
  return { roomId, sessionId: started.id };
}

async function playScene({ access, write }: Stage, place: Place, scene: Scene): Promise<Turn> {
  const { mode, rule, message } = scene;
  await callApi(access, { method: "PATCH", path: `/rooms/${place.roomId}/mode`, body: { mode } }, created);
  print({ write }, `\n${styleText("bold", `── ${mode}: ${rule} ──`)}`);

  const voiceOf = (name: string) => openVoice(name, { write, inWholeLines: mode === "tag" });
  const you = voiceOf(userLabel);
  you.say(message);
  you.pause();
  const turns = `/sessions/${place.sessionId}/turns`;
  const live = followTurn(voiceOf);
  await streamTurn(access, { method: "POST", path: turns, body: { message } }, live.hear);

  const { id, timing } = live.result();
  const turn = await callApi(access, { method: "GET", path: `${turns}/${id}` }, turnDetail);
  for (const line of reportTurn(turn, timing, live.elapsedMs)) print({ write }, line);
  return turn;
}

/** Agents who speak at once are shown line by line, one after another word by word. */
function openVoice(
  name: string,
  { write, inWholeLines }: Pick<Stage, "write"> & { inWholeLines: boolean },
): Voice {
  const color = agentColors[demoAgents.findIndex((agent) => agent.name === name)] ?? "bold";
  const label = `${styleText(color, name.padEnd(labelWidth - 3))} │ `;
  return createVoice({ label, labelWidth: labelWidth, width: lineWidth, inWholeLines, write });
}

function print({ write }: Pick<Stage, "write">, line: string): void {
  write(`${line}\n`);
}
