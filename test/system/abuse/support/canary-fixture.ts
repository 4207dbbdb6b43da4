import { vi } from "vitest";
import { createConsoleLog } from "../../../../src/http/console-log.ts";
import { type Answer, mintToken } from "../../../support/api.ts";
import { createModels, type ModelAnswer } from "../../../support/models.ts";
import { newSearchScenario } from "../../../support/search-scenario.ts";
import { connectSql } from "../../../support/sql.ts";
import { createTurnFixture } from "../../../support/turn-fixture.ts";

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

/** The id of a transaction that begins now. Rows that are written later have this one or a later one. */
async function nextTransaction(): Promise<string> {
  const [row] = await connectSql()`select pg_snapshot_xmax(pg_current_snapshot())::text as id`;
  return row?.id;
}

/**
 * The tables in which a row that was written since a transaction holds the text, as it is or as bytes. Other tests write
 * megabytes into the same database, which would be searched for minutes.
 */
export async function tablesHolding(text: string, { since }: { since: string }): Promise<string[]> {
  const sql = connectSql();
  const tables = await sql`select table_name as name from information_schema.tables
    where table_schema = 'public' order by table_name`;
  const hex = [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await sql.query(
      `select 1 from "${name}" t where case when age(xmin) <= age($3::xid)
        then strpos(to_jsonb(t)::text, $1) > 0 or strpos(to_jsonb(t)::text, $2) > 0 end limit 1`,
      [text, hex, since],
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}
