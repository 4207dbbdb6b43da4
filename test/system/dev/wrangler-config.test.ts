import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { settingNames } from "../../../src/config.ts";
import { crons } from "../../../src/domain/crons.ts";
import { limiterPeriodSeconds } from "../../../src/domain/rate-limiter.ts";

const pathOf = (file: string) => fileURLToPath(new URL(`../../../${file}`, import.meta.url));
const configOf = (env?: string) =>
  unstable_readConfig({ config: pathOf("wrangler.toml"), env }, { hideWarnings: true });

const deployments = ["staging", "production"];
/** What wrangler.toml must not hold: it is a file that everybody reads. */
const secrets = ["DATABASE_URL", "LLM_API_KEY", "TAVILY_API_KEY", "AUTH_JWT_SECRET"];

test.each(deployments)(
  "%s limits turns, is observed and runs beside its database, and holds no secret",
  (name) => {
    const config = configOf(name);
    expect(config.name).toBe(`pantheon-${name}`);
    expect(config.vars.RATE_LIMIT).toBe("on");
    expect(config.observability).toMatchObject({ enabled: true });
    expect(config.placement).toEqual({ region: expect.stringMatching(/^(aws|azure):\w/) });
    expect(config.preview_urls).toBe(false);
    const vars = Object.keys(config.vars);
    expect(vars.filter((setting) => !settingNames.includes(setting) || secrets.includes(setting))).toEqual(
      [],
    );
  },
);

test("turns and what does not validate are limited in every environment, each counting for itself", () => {
  const limiters = [undefined, ...deployments].map((name) => configOf(name).ratelimits);
  const limitTo = (limit: number) => ({ limit, period: limiterPeriodSeconds });
  for (const ofEnvironment of limiters) {
    expect(ofEnvironment).toEqual([
      { name: "TURN_LIMITER", namespace_id: expect.any(String), simple: limitTo(10) },
      { name: "INVALID_LIMITER", namespace_id: expect.any(String), simple: limitTo(30) },
    ]);
  }
  expect(new Set(limiters.flat().map(({ namespace_id }) => namespace_id)).size).toBe(6);
});

test("wrangler triggers the crons that the Worker knows", () => {
  expect(configOf("production").triggers.crons).toEqual(Object.values(crons));
});
