import { mintToken } from "./api.ts";
import type { ModelRule } from "./models.ts";
import { createTurnScene, type SceneOptions } from "./turn-scene.ts";

export type StreamScene = Awaited<ReturnType<typeof createStreamScene>>;

/** What streaming tests look at in a TurnRead. */
export type StoredTurn = {
  id: string;
  status: string;
  user_input: string;
  assistant_output: string;
  replies: {
    message_id: string;
    agent_key: string;
    agent_name: string;
    status: string;
    content: string;
    error: { code: string; message: string } | null;
  }[];
};

/** A scene whose answers are read as they come, and which knows what goes on when nobody reads them. */
export async function createStreamScene(options: SceneOptions, ...rules: ModelRule[]) {
  const scene = await createTurnScene(options);
  await scene.models.script(...rules);
  const works: Promise<unknown>[] = [];
  scene.api.deps.keepAlive = (work) => void works.push(work);
  const token = await mintToken({ sub: scene.owner.userId, email: scene.owner.email });
  const send = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
    scene.api.app.request(`/api/v1/sessions/${scene.sessionId}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
    });
  return {
    ...scene,
    token,
    /** Posts to a path of the session. */
    send,
    stream: (message: string, headers: Record<string, string> = {}) =>
      send("/turns", { message }, { Accept: "text/event-stream", ...headers }),
    turns: async (): Promise<StoredTurn[]> => (await scene.list()).body.data,
    calls: async () => (await scene.models.journal()).length,
    /** Waits for all that goes on when its client has gone. */
    settled: () => Promise.all(works),
  };
}
