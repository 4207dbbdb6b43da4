import { randomUUID } from "node:crypto";
import { send } from "./http-client.ts";
import { question } from "./pantheon-room.ts";
import type { Bench } from "./setup.ts";

/** A thread of the baseline. Each post returns its time in ms. */
export function openBaselineThread(bench: Bench): () => Promise<number> {
  const thread = randomUUID();
  return async () => {
    const { status, text, sentMs, endedMs } = await send(`${bench.baseline.url}/threads/${thread}/turns`, {
      body: { message: question },
    });
    if (status !== 201) throw new Error(`A turn of the baseline: ${status} ${text}`);
    return endedMs - sentMs;
  };
}
