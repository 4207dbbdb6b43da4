import { transcriptOf } from "../../../../dev/model-server/chat-call.ts";
import { type ModelServer, startModelServer } from "../../../../dev/model-server/server.ts";
import {
  type SearchServer,
  searchBody,
  sendJson,
  startSearchServer,
} from "../../../../dev/search-server/server.ts";
import { createModelScenario, type ModelScenario } from "../../../support/node/model-scenario.ts";
import { readSceneId } from "./scenario-tag.ts";

/** A model server with a scenario, and so a journal, for every scene. */
export type ScenePeers = {
  models: ModelServer;
  search: SearchServer;
  scenarioOf(sceneId: number): ModelScenario;
  /** The next search of this scene is not answered; resolves when it comes. */
  stallNextSearch(sceneId: number): Promise<void>;
  /** Nothing of this scene is asked any more. */
  forget(sceneId: number): void;
};

/** Calls are told apart by the tag in their texts: one Worker serves many scenes. */
export async function startScenePeers(): Promise<ScenePeers> {
  const scenarios = new Map<number, ModelScenario>();
  const stalls = new Map<number, () => void>();
  const scenarioOf = (sceneId: number) => {
    const scenario = scenarios.get(sceneId) ?? createModelScenario();
    scenarios.set(sceneId, scenario);
    return scenario;
  };
  const models = await startModelServer({
    respond: (call, response) => scenarioOf(readSceneId(transcriptOf(call)) ?? 0).answer(call, response),
  });
  const search = await startSearchServer({
    async answer({ query }, response) {
      const sceneId = readSceneId(query) ?? 0;
      const stall = stalls.get(sceneId);
      stalls.delete(sceneId);
      if (stall !== undefined) return stall();
      const found = { title: "Found", url: "https://example.com/found", content: `All of ${query}.` };
      return sendJson(response, 200, searchBody(query, [found]));
    },
  });
  return {
    models,
    search,
    scenarioOf,
    stallNextSearch: (sceneId) => new Promise((resolve) => stalls.set(sceneId, resolve)),
    forget(sceneId) {
      scenarios.delete(sceneId);
      stalls.delete(sceneId);
    },
  };
}
