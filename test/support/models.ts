import { inject } from "vitest";
import type { ModelAnswer } from "../../dev/model-server/answer.ts";
import type { JournalEntry } from "./node/model-journal.ts";
import type { ModelRule, ModelScript } from "./node/model-script.ts";

export type { JournalEntry, ModelAnswer, ModelRule };

export type ScriptedModels = ReturnType<typeof createModels>;

/** One test's own scenario on the scripted model server (see node/scripted-model-server.ts). */
export function createModels() {
  const scenario = `${inject("modelServer")}/s/${crypto.randomUUID()}`;

  const control = async (method: string, path: string, body?: ModelScript): Promise<Response> => {
    const response = await fetch(`${scenario}/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  };

  return {
    /** What LLM_BASE_URL must be. */
    baseUrl: `${scenario}/v1`,
    /** Answers calls from now on by the first rule that fits. */
    async script(...rules: ModelRule[]): Promise<void> {
      await (await control("PUT", "script", { rules })).text();
    },
    /** The calls so far, in order of arrival. */
    async journal(): Promise<JournalEntry[]> {
      return await (await control("GET", "journal")).json();
    },
    /** Resolves once so many calls have arrived, and so many are over. */
    async wait({ calls = 0, settled = 0 }: { calls?: number; settled?: number }): Promise<void> {
      await (await control("GET", `wait?calls=${calls}&settled=${settled}`)).text();
    },
    /** Lets the calls go on that `hold` this gate. */
    async release(gate: string): Promise<void> {
      await (await control("POST", `release/${gate}`)).text();
    },
  };
}
