import type { ServerResponse } from "node:http";
import type { ChatCall } from "../../../dev/model-server/chat-call.ts";
import { completionOf } from "../../../dev/model-server/completion.ts";
import { sendAnswer } from "../../../dev/model-server/send-answer.ts";
import { ModelJournal } from "./model-journal.ts";
import { followScript, type ModelScript } from "./model-script.ts";

/** One test's models: what they answer, what they were asked, and the gates their answers wait at. */
export type ModelScenario = {
  journal: ModelJournal;
  /** Answers calls from now on by this script; its counts start at 0, the journal is kept. */
  follow(script: ModelScript): void;
  /** Opens a gate for good, also before a call waits for it. */
  release(gate: string): void;
  answer(call: ChatCall, response: ServerResponse): Promise<void>;
};

export function createModelScenario(): ModelScenario {
  const journal = new ModelJournal();
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gateOf = (name: string) => {
    const gate = gates.get(name) ?? Promise.withResolvers<void>();
    gates.set(name, gate);
    return gate;
  };
  let answerTo = followScript({});
  return {
    journal,
    follow(script) {
      answerTo = followScript(script);
    },
    release: (gate) => gateOf(gate).resolve(),
    async answer(call, response) {
      const entry = journal.arrive(call);
      const answer = answerTo(call);
      const completion = completionOf(call, answer);
      const reported = answer.body === undefined ? completion.usage : (answer.usage ?? null);
      entry.usage = (answer.status ?? 200) < 400 ? reported : null;
      let finished = false;
      try {
        const waitForGate = (name: string) => gateOf(name).promise;
        finished = await sendAnswer({ response, call, answer, completion, waitForGate });
      } finally {
        journal.settle(entry, {
          status: response.headersSent ? response.statusCode : null,
          finished,
          client_closed: !finished && call.clientClosed.aborted,
        });
      }
    },
  };
}
