import { vi } from "vitest";
import { createConsoleLog } from "../../../../src/http/console-log.ts";
import { type Answer, mintToken } from "../../../support/api.ts";
import { createModels, type ModelAnswer } from "../../../support/models.ts";
import { newSearchScenario } from "../../../support/search-scenario.ts";
import { createTurnFixture } from "../../../support/turn-fixture.ts";
import { nextTransaction } from "../../../support/written-rows.ts";

/** A deployment whose every secret holds this mark, and all that anybody gets to see of it. */
export async function createCanaryFixture() {
  const mark = `CANARY${crypto.randomUUID().replaceAll("-", "")}`;
  const secret = (name: string) => `${name}-${mark}`;
  const [house, search] = [createModels(), newSearchScenario()];
  const houseModel = {
    alias: "house",
    provider: "own",
    model: "house/one",
    context_window: 8_192,
    multiplier: 1,
  };
  const logged = spyOnConsole();
  const since = await nextTransaction();
  const fixture = await createTurnFixture({
    mode: "roundtable",
    agents: ["ada", { key: "bob", modelAlias: "house" }],
    settings: {
      DATABASE_URL: `postgres://pantheon:${secret("db")}@db.invalid/pantheon`,
      LLM_API_KEY: secret("sk"),
      MODELS_JSON: JSON.stringify([{ ...houseModel, base_url: house.baseUrl, api_key_setting: "HOUSE_KEY" }]),
      HOUSE_KEY: secret("house"),
      TAVILY_BASE_URL: search.baseUrl,
      TAVILY_API_KEY: secret("tvly"),
      AUTH_JWT_SECRET: secret("jwt"),
      LOG_LEVEL: "info",
    },
    deps: { log: createConsoleLog("info") },
  });
  await fixture.sql`update room_agents set tool_permissions = '["search"]'::jsonb where room_id = ${fixture.roomId}`;
  const authorization = `Bearer ${await mintToken({ sub: fixture.owner.userId }, secret("jwt"))}`;
  const answers: string[] = [];

  /** Sends a request as the owner; what is answered is kept. */
  const send = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await fixture.api.send(method, path, {
      headers: { Authorization: authorization, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    answers.push(answer.text, JSON.stringify([...answer.headers]));
    return answer;
  };

  return {
    fixture,
    mark,
    since,
    house,
    search,
    send,
    answers,
    logged,
    /** What both providers of models, and the search service, answer from now on. */
    async scriptAll(models: ModelAnswer, searched: Parameters<typeof search.script>[0] = {}): Promise<void> {
      await Promise.all([
        fixture.models.script({ answer: models }),
        house.script({ answer: models }),
        search.script(searched),
      ]);
    },
  };
}

export type CanaryFixture = Awaited<ReturnType<typeof createCanaryFixture>>;

/** Every word that is said on the console from now on; and it is silent. */
function spyOnConsole(): string[] {
  const words: string[] = [];
  for (const level of ["debug", "log", "info", "warn", "error", "trace"] as const) {
    vi.spyOn(console, level).mockImplementation((...said) => void words.push(said.map(wordsOf).join(" ")));
  }
  return words;
}

const wordsOf = (said: unknown) => (said instanceof Error ? `${said.stack} ${said.cause}` : String(said));
