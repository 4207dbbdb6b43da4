import type { ServerResponse } from "node:http";
import { tokensOf } from "../../dev/model-server/answer.ts";
import type { ChatCall } from "../../dev/model-server/chat-call.ts";
import { completionOf } from "../../dev/model-server/completion.ts";
import { startModelServer } from "../../dev/model-server/server.ts";
import { completionChunks } from "../../dev/model-server/stream-chunks.ts";
import { monotonicMs } from "../clock.ts";
import { answerTo, purposeOf } from "./model-answers.ts";
import { servePeer } from "./serve-peer.ts";

/** How the models behave from now on. */
export type ModelPace = {
  /** Before the first byte. */
  delayMs: number;
  /** Between the first delta and the rest; 0: all in one piece. */
  pauseMs: number;
  /** Whether the journal keeps the calls' bodies. */
  keepsBodies: boolean;
  /** How many deltas an agent's answer has, and whether each is sent by itself. Left out: as `answerTo` says, in one piece. */
  deltas?: { count: number; isEachAlone: boolean };
};

export type JournalEntry = {
  purpose: ReturnType<typeof purposeOf>;
  arrivedMs: number;
  /** When the first delta was handed to the kernel. */
  firstDeltaMs: number;
  body: Record<string, unknown> | null;
};

export type ModelQuestions = {
  setPace: { input: ModelPace; output: undefined };
  /** The calls since the last time this was asked. */
  takeJournal: { input: undefined; output: JournalEntry[] };
};

servePeer<undefined, ModelQuestions>(async () => {
  let pace: ModelPace = { delayMs: 0, pauseMs: 0, keepsBodies: false };
  let journal: JournalEntry[] = [];

  const respond = async (call: ChatCall, response: ServerResponse) => {
    const arrivedMs = monotonicMs();
    const { delayMs, pauseMs, keepsBodies, deltas } = pace;
    if (deltas !== undefined && purposeOf(call) === "agent") return sendDeltas(response, call, deltas);
    const [first = "", rest] = streamOf(call);
    if (delayMs > 0) await pause(delayMs);
    const firstDeltaMs = monotonicMs();
    journal.push({
      purpose: purposeOf(call),
      arrivedMs,
      firstDeltaMs,
      body: keepsBodies ? call.body : null,
    });
    response.writeHead(200, { "Content-Type": "text/event-stream", "x-request-id": call.callId });
    if (pauseMs === 0) return response.end(first + rest);
    response.write(first);
    await pause(pauseMs);
    return response.end(rest);
  };

  const { url } = await startModelServer({ respond });
  return {
    url,
    answers: {
      setPace(next) {
        pace = next;
        return undefined;
      },
      takeJournal() {
        const taken = journal;
        journal = [];
        return taken;
      },
    },
  };
});

/** The answer as a stream of events: the first delta, and the rest. */
function streamOf(call: ChatCall): [string, string] {
  const [first, ...rest] = listEvents(call, answerTo(call));
  return [first ?? "", rest.join("")];
}

function listEvents(call: ChatCall, deltas: string[]): string[] {
  const prompt_tokens = call.messages.reduce((sum, { content }) => sum + tokensOf(content), 0);
  const usage = { prompt_tokens, completion_tokens: tokensOf(deltas.join("")) };
  const chunks = completionChunks(call, completionOf(call, { deltas, usage }));
  return [...chunks.map(({ chunk }) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"];
}

async function sendDeltas(
  response: ServerResponse,
  call: ChatCall,
  { count, isEachAlone }: NonNullable<ModelPace["deltas"]>,
): Promise<void> {
  response.writeHead(200, { "Content-Type": "text/event-stream", "x-request-id": call.callId });
  const events = listEvents(
    call,
    Array.from({ length: count }, (_, n) => `word ${n} `),
  );
  for (const piece of isEachAlone ? events : [events.join("")]) {
    response.write(piece);
    await pause(0);
  }
  response.end();
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
