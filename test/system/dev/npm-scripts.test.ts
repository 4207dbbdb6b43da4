import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = new URL("../../../", import.meta.url);
const guard = fileURLToPath(new URL("dev/require-node.cjs", root));

async function readScripts(): Promise<Map<string, string>> {
  const { scripts } = JSON.parse(await readFile(new URL("package.json", root), "utf8"));
  return new Map(Object.entries<string>(scripts));
}

test("every npm script checks the version of Node first", async () => {
  const scripts = await readScripts();
  expect(scripts.size).toBeGreaterThan(10);
  const isGuarded = (command: string): boolean => {
    if (command.startsWith("node dev/require-node.cjs && ")) return true;
    const [, other = ""] = /^npm run (?:--silent )?([\w:]+) &&/.exec(command) ?? [];
    const first = scripts.get(other);
    return first !== undefined && isGuarded(first);
  };
  const unguarded = [...scripts].filter(([, command]) => !isGuarded(command));
  expect(unguarded).toEqual([]);
});

test.each(["staging", "production"])(
  "a deployment of %s builds the console, then deploys the parser, then the API",
  async (name) => {
    const command = (await readScripts()).get(`deploy:${name}`);
    const steps = command?.split(" && ").slice(1);
    expect(steps).toEqual([
      "npm run console:build",
      `wrangler deploy --config wrangler.parse.toml --env ${name}`,
      `wrangler deploy --env ${name}`,
    ]);
  },
);

test("the version check ends with one line in a Node that cannot run TypeScript", async () => {
  const run = promisify(execFile)(process.execPath, ["--no-experimental-strip-types", guard]);
  await expect(run).rejects.toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^Pantheon needs Node 22\.18 or later, and this is Node \d[^\n]+\n$/),
  });
});

test("the version check prints nothing in a Node that can run TypeScript", async () => {
  expect(await promisify(execFile)(process.execPath, [guard])).toEqual({ stdout: "", stderr: "" });
});
