import { styleText } from "node:util";
import * as z from "zod";
import { turnDetail } from "../../src/routes/schemas/turn-detail.ts";
import { type AgentOutput, createAgentOutput } from "./agent-output.ts";
import { type Access, callApi, streamTurn } from "./api.ts";
import { uploadDocument } from "./document.ts";
import { agents, type DemoTurn, demoTurns, room } from "./fixtures.ts";
import { followTurn } from "./live-turn.ts";
import { reportTurn, sumCredits, sumTokens, type Turn } from "./report.ts";

const created = z.object({ id: z.uuid() });

const lineWidth = 110;
const userLabel = "You";
const managerName = "Manager";
const agentColors = ["cyan", "magenta", "yellow"] as const;
const labelWidth =
  Math.max(...[userLabel, managerName, ...agents.map(({ name }) => name)].map((name) => name.length)) + 3;

type Demo = { access: Access; write: (text: string) => void };
type DemoSession = { roomId: string; sessionId: string };

/**
 * Creates a room, uploads a document, asks about it, and posts one turn in each mode. Prints the replies as they stream, then their cost. Throws an Error
 * where a turn is refused, is not stored, or has a failed agent.
 */
export async function runDemo(demo: Demo): Promise<void> {
  const session = await createRoom(demo);
  printTitle(demo, "files: a document is parsed by a Worker of its own");
  for (const line of await uploadDocument(demo.access, session.roomId)) print(demo, line);
  const turns: Turn[] = [];
  for (const step of demoTurns) turns.push(await runTurn(demo, session, step));

  const calls = turns.flatMap(({ llm_calls }) => llm_calls);
  print(
    demo,
    `\n${turns.length} turns, ${calls.length} model calls, ${sumTokens(calls)} tokens, ${sumCredits(calls)} credits. ` +
      `Stored in session ${session.sessionId}.`,
  );
  const incomplete = turns.filter(({ status }) => status !== "completed");
  if (incomplete.length > 0) {
    throw new Error(
      `Not every agent answered: ${incomplete.map(({ mode, status }) => `${mode} is ${status}`).join(", ")}.`,
    );
  }
}

async function createRoom({ access, write }: Demo): Promise<DemoSession> {
  const { id: roomId } = await callApi(access, { method: "POST", path: "/rooms", body: room }, created);
  print({ write }, `\nRoom "${room.name}": ${room.goal}`);
  for (const agent of agents) {
    await callApi(access, { method: "POST", path: `/rooms/${roomId}/agents`, body: agent }, created);
    const tools = agent.tool_permissions.map((tool) => `, may use ${tool}`).join("");
    print({ write }, `  ${agent.name} (${agent.model_alias}${tools}): ${agent.role_prompt}`);
  }
  const started = await callApi(access, { method: "POST", path: `/rooms/${roomId}/sessions` }, created);
  return { roomId, sessionId: started.id };
}

async function runTurn({ access, write }: Demo, session: DemoSession, step: DemoTurn): Promise<Turn> {
  const { mode, explanation, message, orchestration, isCut = false } = step;
  await callApi(access, { method: "PATCH", path: `/rooms/${session.roomId}/mode`, body: { mode } }, created);
  if (orchestration !== undefined) {
    await callApi(
      access,
      { method: "PATCH", path: `/rooms/${session.roomId}`, body: { orchestration } },
      created,
    );
  }
  printTitle({ write }, `${mode}: ${explanation}`);

  const outputOf = (name: string) => openOutput(name, { write, inWholeLines: mode === "tag" });
  const userOutput = outputOf(userLabel);
  userOutput.write(message);
  userOutput.flush();
  const turns = `/sessions/${session.sessionId}/turns`;
  const live = followTurn(outputOf);
  const onCut = () => {
    print({ write }, "(the connection is cut here; the turn goes on, and is followed from the last event)");
  };
  await streamTurn(access, { path: turns, message }, { onEvent: live.handle, isCut, onCut });

  const { id, timing } = live.result();
  const turn = await callApi(access, { method: "GET", path: `${turns}/${id}` }, turnDetail);
  for (const line of reportTurn(turn, timing, live.elapsedMs)) print({ write }, line);
  return turn;
}

/** Agents that answer in parallel are printed line by line, others word by word. */
function openOutput(
  name: string,
  { write, inWholeLines }: Pick<Demo, "write"> & { inWholeLines: boolean },
): AgentOutput {
  const color = agentColors[agents.findIndex((agent) => agent.name === name)] ?? "bold";
  const label = `${styleText(color, name.padEnd(labelWidth - 3))} │ `;
  return createAgentOutput({ label, labelWidth, width: lineWidth, inWholeLines, write });
}

function printTitle(demo: Pick<Demo, "write">, title: string): void {
  print(demo, `\n${styleText("bold", `── ${title} ──`)}`);
}

function print({ write }: Pick<Demo, "write">, line: string): void {
  write(`${line}\n`);
}
