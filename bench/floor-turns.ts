import { send } from "./http-client.ts";
import { createRoom, question, type Room } from "./pantheon-room.ts";
import type { JournalEntry } from "./peers/models.ts";
import type { Stage } from "./stage.ts";

/** Posts a turn to the floor; gives what it took in ms. */
export type PostFloorTurn = (options?: { isParallel?: boolean }) => Promise<number>;

/** What the models are sent in turn 5 of a session, word for word. */
export async function captureTurnCalls(stage: Stage): Promise<JournalEntry["body"][]> {
  const room = await createRoom(stage, 3, "roundtable");
  for (let n = 0; n < 4; n += 1) await room.post(question);
  const pace = { delayMs: 0, pauseMs: 0 };
  await stage.models.ask("setPace", { ...pace, keepsBodies: true });
  await stage.models.ask("takeJournal", undefined);
  await room.post(question);
  const journal = await stage.models.ask("takeJournal", undefined);
  await stage.models.ask("setPace", { ...pace, keepsBodies: false });
  return journal.map(({ body }) => body);
}

/** Gives the floor the calls that it makes from now on. */
export async function giveFloorCalls(stage: Stage, calls: readonly JournalEntry["body"][]): Promise<void> {
  const { status } = await send(`${stage.floor.workerdUrl}/calls`, { method: "PUT", body: calls });
  if (status !== 200) throw new Error(`The floor did not take its calls: ${status}`);
}

/** A session of its own for the floor, whose rows stand in the same tables. */
export async function openFloorSession(stage: Stage): Promise<PostFloorTurn> {
  const { roomId, sessionId }: Room = await createRoom(stage, 3, "roundtable");
  let turnIndex = 0;
  return async ({ isParallel = false } = {}) => {
    turnIndex += 1;
    const body = { userId: stage.userId, roomId, sessionId, turnIndex, message: question, isParallel };
    const { status, text, sentMs, endedMs } = await send(`${stage.floor.workerdUrl}/turns`, { body });
    if (status !== 201) throw new Error(`A turn of the floor: ${status} ${text}`);
    return endedMs - sentMs;
  };
}
