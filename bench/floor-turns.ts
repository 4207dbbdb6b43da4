import { send } from "./http-client.ts";
import { createRoom, question, type Room } from "./pantheon-room.ts";
import type { JournalEntry } from "./peers/models.ts";
import type { Bench } from "./setup.ts";

/** Posts a turn to the floor. Returns its time in ms. */
export type PostFloorTurn = (options?: { isParallel?: boolean }) => Promise<number>;

/** The bodies of the model calls of turn 5 of a session. */
export async function captureTurnCalls(bench: Bench): Promise<JournalEntry["body"][]> {
  const room = await createRoom(bench, 3, "roundtable");
  for (let n = 0; n < 4; n += 1) await room.post(question);
  const pace = { delayMs: 0, pauseMs: 0 };
  await bench.models.ask("setPace", { ...pace, keepsBodies: true });
  await bench.models.ask("takeJournal", undefined);
  await room.post(question);
  const journal = await bench.models.ask("takeJournal", undefined);
  await bench.models.ask("setPace", { ...pace, keepsBodies: false });
  return journal.map(({ body }) => body);
}

/** Sets the calls that the floor makes from now on. */
export async function giveFloorCalls(bench: Bench, calls: readonly JournalEntry["body"][]): Promise<void> {
  const { status } = await send(`${bench.floor.url}/calls`, { method: "PUT", body: calls });
  if (status !== 200) throw new Error(`The floor did not take its calls: ${status}`);
}

/** A session for the floor. Its rows are in the same tables. */
export async function openFloorSession(bench: Bench): Promise<PostFloorTurn> {
  const { roomId, sessionId }: Room = await createRoom(bench, 3, "roundtable");
  let turnIndex = 0;
  return async ({ isParallel = false } = {}) => {
    turnIndex += 1;
    const body = { userId: bench.userId, roomId, sessionId, turnIndex, message: question, isParallel };
    const { status, text, sentMs, endedMs } = await send(`${bench.floor.url}/turns`, { body });
    if (status !== 201) throw new Error(`A turn of the floor: ${status} ${text}`);
    return endedMs - sentMs;
  };
}
