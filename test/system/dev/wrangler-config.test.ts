import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { settingNames } from "../../../src/config.ts";
import { crons } from "../../../src/domain/crons.ts";
import { limiterPeriodSeconds } from "../../../src/domain/rate-limiter.ts";

const pathOf = (file: string) => fileURLToPath(new URL(`../../../${file}`, import.meta.url));
const configOf = (env?: string, file = "wrangler.toml") =>
  unstable_readConfig({ config: pathOf(file), env }, { hideWarnings: true });
const parserConfigOf = (env?: string) => configOf(env, "wrangler.parse.toml");

const deployments = ["staging", "production"];
/** What wrangler.toml must not hold: it is a file that everybody reads. */
const secrets = ["DATABASE_URL", "LLM_API_KEY", "TAVILY_API_KEY", "AUTH_JWT_SECRET"];

test.each(deployments)("%s limits turns, keeps logs, runs near its database and has no secret", (name) => {
  const config = configOf(name);
  expect(config.name).toBe(`pantheon-${name}`);
  expect(config.vars.RATE_LIMIT).toBe("on");
  expect(config.observability).toMatchObject({ enabled: true });
  expect(config.placement).toEqual({ region: expect.stringMatching(/^(aws|azure):\w/) });
  expect(config.preview_urls).toBe(false);
  const vars = Object.keys(config.vars);
  expect(vars.filter((setting) => !settingNames.includes(setting) || secrets.includes(setting))).toEqual([]);
});

test.each([undefined, ...deployments])(
  "the parser of %s reads the bucket and the queues of its API Worker, and has no public address",
  (name) => {
    const [api, parser] = [configOf(name), parserConfigOf(name)];
    expect(parser.name).toBe(["pantheon-parse", name].filter(Boolean).join("-"));
    expect(parser.r2_buckets).toEqual(api.r2_buckets);
    const [messages, deadLetters, ...others] = parser.queues.consumers ?? [];
    expect(others).toEqual([]);
    expect(api.queues.producers).toEqual([{ binding: "PARSE_QUEUE", queue: messages?.queue }]);
    expect(messages).toMatchObject({
      max_batch_size: 1,
      max_retries: 3,
      dead_letter_queue: deadLetters?.queue,
    });
    expect(parser).toMatchObject({ workers_dev: false, preview_urls: false, limits: { cpu_ms: 60_000 } });
    expect(parser.routes ?? []).toEqual([]);
    expect(parser.observability).toMatchObject({ enabled: true });
    expect(parser.compatibility_date).toBe(api.compatibility_date);
    expect(Object.keys(parser.vars)).toEqual([]);
  },
);

test("every environment limits turns and invalid requests, each with its own counter", () => {
  const limiters = [undefined, ...deployments].map((name) => configOf(name).ratelimits);
  const limitTo = (limit: number) => ({ limit, period: limiterPeriodSeconds });
  for (const ofEnvironment of limiters) {
    expect(ofEnvironment).toEqual([
      { name: "TURN_LIMITER", namespace_id: expect.any(String), simple: limitTo(10) },
      { name: "INVALID_LIMITER", namespace_id: expect.any(String), simple: limitTo(30) },
      { name: "UPLOAD_LIMITER", namespace_id: expect.any(String), simple: limitTo(20) },
    ]);
  }
  expect(new Set(limiters.flat().map(({ namespace_id }) => namespace_id)).size).toBe(9);
});

test("wrangler triggers the same crons as the Worker knows", () => {
  expect(configOf("production").triggers.crons).toEqual(Object.values(crons));
});
