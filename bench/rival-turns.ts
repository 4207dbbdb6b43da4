import { randomUUID } from "node:crypto";
import { send } from "./http-client.ts";
import { question } from "./pantheon-room.ts";
import type { Stage } from "./stage.ts";

/** A thread of the rival's; each post gives what it took in ms. */
export function openRivalThread(stage: Stage): () => Promise<number> {
  const thread = randomUUID();
  return async () => {
    const { status, text, sentMs, endedMs } = await send(`${stage.rival.url}/threads/${thread}/turns`, {
      body: { message: question },
    });
    if (status !== 201) throw new Error(`A turn of the rival: ${status} ${text}`);
    return endedMs - sentMs;
  };
}
