import { transcriptOf } from "../../../../dev/model-server/chat-call.ts";
import { type ModelServer, startModelServer } from "../../../../dev/model-server/server.ts";
import {
  type SearchServer,
  searchBody,
  sendJson,
  startSearchServer,
  type TavilyResult,
} from "../../../../dev/search-server/server.ts";
import { createModelScenario, type ModelScenario } from "../../../support/node/model-scenario.ts";
import { readFixtureId } from "./scenario-tag.ts";

/** A model server and a search server. Each fixture has a script and a journal of its own. */
export type FixturePeers = {
  models: ModelServer;
  search: SearchServer;
  scenarioOf(fixtureId: number): ModelScenario;
  /** The next search of this fixture is not answered; resolves when it comes. */
  stallNextSearch(fixtureId: number): Promise<void>;
  /** Every search of this fixture finds these. */
  answerSearches(fixtureId: number, found: readonly TavilyResult[]): void;
  /** Drops the journal of a fixture that is done. */
  forget(fixtureId: number): void;
};

/** One Worker serves many fixtures. A tag in the texts tells which fixture a call belongs to. */
export async function startFixturePeers(): Promise<FixturePeers> {
  const scenarios = new Map<number, ModelScenario>();
  const stalls = new Map<number, () => void>();
  const results = new Map<number, readonly TavilyResult[]>();
  const scenarioOf = (fixtureId: number) => {
    const scenario = scenarios.get(fixtureId) ?? createModelScenario();
    scenarios.set(fixtureId, scenario);
    return scenario;
  };
  const models = await startModelServer({
    respond: (call, response) => scenarioOf(readFixtureId(transcriptOf(call)) ?? 0).answer(call, response),
  });
  const search = await startSearchServer({
    async answer({ query }, response) {
      const fixtureId = readFixtureId(query) ?? 0;
      const stall = stalls.get(fixtureId);
      stalls.delete(fixtureId);
      if (stall !== undefined) return stall();
      const found = { title: "Found", url: "https://example.com/found", content: `All of ${query}.` };
      return sendJson(response, 200, searchBody(query, results.get(fixtureId) ?? [found]));
    },
  });
  return {
    models,
    search,
    scenarioOf,
    stallNextSearch: (fixtureId) => new Promise((resolve) => stalls.set(fixtureId, resolve)),
    answerSearches: (fixtureId, found) => void results.set(fixtureId, found),
    forget(fixtureId) {
      scenarios.delete(fixtureId);
      stalls.delete(fixtureId);
      results.delete(fixtureId);
    },
  };
}
