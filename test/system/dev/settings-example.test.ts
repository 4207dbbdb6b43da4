import { readFileSync } from "node:fs";
import { matchesGlob } from "node:path";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import { ConfigError } from "../../../src/config/config-error.ts";
import { parseConfig, settingNames } from "../../../src/config.ts";
import { storageBindings } from "../../support/storage-bindings.ts";

const example = readFileSync(new URL("../../../.dev.vars.example", import.meta.url), "utf8");

type Line = { name: string; value: string; comment: string };

/** The settings of the example, each with the comment above it. */
const lines: Line[] = [...example.matchAll(/((?:^# .*\n)*)^#([A-Z_]+)=(.*)$/gm)].map(
  ([, comment = "", name = "", value = ""]) => ({
    name,
    value,
    comment: comment.replace(/^# ---.*\n/gm, ""),
  }),
);
const given = Object.fromEntries(lines.map(({ name, value }) => [name, value]));

const needed = {
  DATABASE_URL: "postgres://user:pw@db.example/pantheon",
  LLM_API_KEY: "llm-key",
  AUTH_JWT_SECRET: "jwt-secret-0123456789abcdef0123456789",
  AUTH_ISSUER: "https://id.example",
  AUTH_AUDIENCE: "pantheon",
  TURN_LIMITER: { limit: async () => ({ success: true }) },
  INVALID_LIMITER: { limit: async () => ({ success: true }) },
  UPLOAD_LIMITER: { limit: async () => ({ success: true }) },
  ...storageBindings,
};

test("the example lists every setting of the Worker once, and no others", () => {
  expect(lines.map(({ name }) => name).sort()).toEqual([...settingNames].sort());
});

test.each(lines)("$name has a comment of its own", ({ comment }) => {
  expect(comment).toMatch(/^# \S.{10,}/);
});

test("the example sets nothing while its lines are comments", () => {
  expect(parseEnv(example)).toEqual({});
});

/** Here a value shows the form; everywhere else it is the default. */
const illustrations = [
  "DATABASE_URL",
  "MODELS_JSON",
  "CORS_ALLOWED_ORIGINS",
  "SESSION_LOCATION_HINT",
  "TOOL_PRICES",
];

test.each(lines.filter(({ value }) => value !== ""))("the Worker accepts $name=$value", (line) => {
  const config = parseConfig({ ...needed, [line.name]: line.value });
  if (illustrations.includes(line.name)) expect(config).not.toEqual(parseConfig(needed));
  else expect(config).toEqual(parseConfig(needed));
});

test("the example has the default of each setting", () => {
  const withoutValue = lines.filter(({ value }) => value === "").map(({ name }) => name);
  const secrets = ["LLM_API_KEY", "TAVILY_API_KEY", "AUTH_JWT_SECRET"];
  const ownOfEachDeployment = ["AUTH_JWKS_URL", "AUTH_ISSUER", "AUTH_AUDIENCE", "NEON_HTTP_ENDPOINT"];
  const ownOfEachProvider = ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_AUDIENCE"];
  expect(withoutValue.sort()).toEqual([...secrets, ...ownOfEachDeployment, ...ownOfEachProvider].sort());
});

test("the example marks secrets, and only secrets", () => {
  const marked = lines.filter(({ comment }) => comment.startsWith("# * ")).map(({ name }) => name);
  expect(marked).toEqual(["DATABASE_URL", "LLM_API_KEY", "TAVILY_API_KEY", "AUTH_JWT_SECRET"]);
});

test("the Worker refuses to start with the unchanged example", () => {
  const refusal = () => parseConfig(given);
  expect(refusal).toThrow(ConfigError);
  expect(refusal).toThrow(/AUTH_ISSUER: is missing/);
  expect(refusal).toThrow(/AUTH_AUDIENCE: is missing/);
  expect(() => parseConfig({ ...given, AUTH_ISSUER: "i", AUTH_AUDIENCE: "a" })).toThrow(
    /AUTH_JWT_SECRET or AUTH_JWKS_URL.*\n.*LLM_API_KEY: is missing/,
  );
});

const ignored = readFileSync(new URL("../../../.gitignore", import.meta.url), "utf8")
  .trim()
  .split("\n");

/** The last line that matches decides. */
function isIgnored(file: string): boolean {
  const line = ignored.findLast((pattern) => matchesGlob(file, pattern.replace(/^!/, "")));
  return line !== undefined && !line.startsWith("!");
}

test.each([".dev.vars", ".dev.vars.staging", ".env", ".env.local"])(
  "git ignores %s: it has secrets",
  (file) => {
    expect(isIgnored(file)).toBe(true);
    expect(isIgnored(".dev.vars.example")).toBe(false);
  },
);
