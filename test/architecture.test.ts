import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readImports } from "./architecture/read-imports.ts";
import {
  findAmbientGlobals,
  findBadNames,
  findBarrels,
  findForbiddenConsoleImports,
  findForbiddenImports,
  findMisnamedAction,
  findNamedPaths,
  layers,
  listedAmbientFiles,
  resolvePath,
  type SourceFile,
} from "./architecture/rules.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = readFiles("src", ".ts");
const consoleSources = [...readFiles("console/src", ".ts"), ...readFiles("console/src", ".tsx")];
const documents = [...readFiles("docs", ".md"), ...readFiles("README.md", ".md")];

/** Files that may have more than 300 lines, each for a reason. */
const longFiles: Readonly<Record<string, string>> = {
  "src/db/schema.ts": "every table in one place: drizzle-kit and readers both look for them there",
};

/** Of zod's small names, those that are types only. */
const typesOfZod = new Set(["infer", "input", "output", "core"]);

test("every import of src is allowed for its folder", () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.flatMap(findForbiddenImports)).toEqual([]);
});

test("docs/architecture.md says which folder may import which", () => {
  const map = documents.find(({ path }) => path === "docs/architecture.md")?.text ?? "";
  const documented = [...map.matchAll(/^\| `src\/([\w-]+)(?:\.ts)?` \| .+ \| (.+) \|$/gm)];
  const list = (names: readonly string[]) => names.toSorted().join(", ");
  const allowed = Object.entries(layers).map(([layer, { values, types = [] }]): [string, string] => {
    const others = list(values.filter((name) => name !== layer)) || "nothing else";
    return [layer, types.length === 0 ? others : `${others}; types of ${list(types)}`];
  });
  expect(new Map(documented.map(([, layer, cell]) => [layer, cell]))).toEqual(new Map(allowed));
});

test("the console imports the pure rules and the wire forms' types, and nothing else of the server", () => {
  expect(consoleSources.length).toBeGreaterThan(50);
  expect(consoleSources.flatMap(findForbiddenConsoleImports)).toEqual([]);
});

test("no two files import each other, directly or through others, values or types", () => {
  expect(findCycle(sources)).toBeUndefined();
  expect(findCycle(consoleSources)).toBeUndefined();
});

test("only ports use the clock, randomness and the network", () => {
  expect(sources.flatMap(findAmbientGlobals)).toEqual([]);
  expect(listedAmbientFiles.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("every class of errors sets its name, since the bundle keeps no names of classes", () => {
  const errors = sources.flatMap(({ text }) => [
    ...text.matchAll(/^export class (\w+) extends Error \{(.*?)^\}/gms),
  ]);
  expect(errors.length).toBeGreaterThan(5);
  expect(
    errors.filter(([, name, body]) => !body?.includes(`name = "${name}"`)).map(([, name]) => name),
  ).toEqual([]);
});

test("file names are words in kebab-case; an action's file is named after the function that it exports", () => {
  const named = [...sources, ...["dev", "test", "bench"].flatMap((part) => readFiles(part, ".ts"))];
  expect(named.flatMap(({ path }) => findBadNames(path))).toEqual([]);
  expect(sources.filter(({ path }) => path.startsWith("src/actions/")).flatMap(findMisnamedAction)).toEqual(
    [],
  );
  expect(sources.flatMap(findBarrels)).toEqual([]);
});

test("every name of zod that src uses is in what the bundle has in its place", async () => {
  const bundled = await import("../dev/bundle/zod-without-locales.ts");
  const used = sources.flatMap(({ text }) =>
    [...text.matchAll(/(?<![.\w])z\.([a-z]\w*)/g)].map(([, name = ""]) => name),
  );
  const values = used.filter((name) => !typesOfZod.has(name));
  expect(values.length).toBeGreaterThan(100);
  expect([...new Set(values)].filter((name) => !(name in bundled))).toEqual([]);
});

test("files are small", () => {
  const lengths = [...sources, ...consoleSources].map(({ path, text }) => ({
    path,
    lines: text.trimEnd().split("\n").length,
  }));
  expect(lengths.filter(({ path, lines }) => lines > 300 && !(path in longFiles))).toEqual([]);
  expect(lengths.filter(({ path, lines }) => /^src\/routes\/[^/]+$/.test(path) && lines > 100)).toEqual([]);
  const sorted = lengths.map(({ lines }) => lines).toSorted((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(80);
  expect(sorted[Math.floor(sorted.length * 0.9)]).toBeLessThanOrEqual(200);
});

test("every path that a document names exists", () => {
  expect(documents.map(({ path }) => path)).toContain("docs/api.md");
  const gone = documents.flatMap((document) =>
    findNamedPaths(document)
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${document.path}: ${path}`),
  );
  expect(gone).toEqual([]);
});

describe("the rules of this test", () => {
  const file = (path: string, text: string): SourceFile => ({ path, text });

  test("find imports in every form", () => {
    const text = [
      'import type { A } from "./a.ts";',
      'import {\n  type B,\n  type C,\n} from "./b.ts";',
      'import D, { type E } from "d";',
      'import * as f from "f"; import "g";',
      'export * from "./h.ts";',
      'export type { I } from "./i.ts";',
      'const j = await import("j"), k = await import(name);',
      '// import "l";\n/** import m from "m"; */',
      'const url = "https://n.example"; // from "o"',
    ].join("\n");
    expect(readImports(text).map(({ from, isTypeOnly }) => (isTypeOnly ? `type ${from}` : from))).toEqual([
      ...["type ./a.ts", "type ./b.ts", "d", "f", "./h.ts", "type ./i.ts", "g", "j", "(something computed)"],
    ]);
  });

  test.each([
    ["src/domain/x.ts", 'import * as z from "zod";'],
    ["src/domain/x.ts", 'import type { Db } from "../db/client.ts";'],
    ["src/db/x.ts", 'import { createRoom } from "../actions/create-room.ts";'],
    ["src/actions/x.ts", 'import { sql } from "drizzle-orm";'],
    ["src/actions/x.ts", 'import { createDeps } from "../deps.ts";'],
    ["src/actions/x.ts", 'export { runTurn } from "../runtime/run-turn.ts";'],
    ["src/http/x.ts", 'import {\n  rooms,\n} from "../db/schema.ts";'],
    ["src/routes/x.ts", 'const { rooms } = await import("../db/schema.ts");'],
    ["src/routes/x.ts", 'import { Annotation } from "@langchain/langgraph";'],
    ["src/runtime/x.ts", 'import { Hono } from "hono/tiny";'],
    ["src/tools/x.ts", 'import { x } from "../../test/support/api.ts";'],
    ["src/tools/x.ts", 'import { x } from "./y";'],
    ["src/misc/x.ts", ""],
  ])("%s may not import as in %s", (path, text) => {
    expect(findForbiddenImports(file(path, text))).toHaveLength(1);
  });

  test.each([
    "Date.now()",
    "new Date( )",
    "performance.now()",
    "Math.random()",
    "crypto.randomUUID()",
    "fetch(url)",
    "await globalThis.fetch(url)",
    "uuidv7()",
  ])("find %s", (code) => {
    expect(findAmbientGlobals(file("src/actions/x.ts", `const x = ${code};`))).toHaveLength(1);
    expect(findAmbientGlobals(file("src/actions/x.ts", `// ${code}\n/** ${code} */`))).toEqual([]);
  });

  test("find a circle of types", () => {
    const one = file("src/domain/one.ts", 'import type { Two } from "./two.ts";');
    const two = file("src/domain/two.ts", 'import { type One } from "./one.ts";');
    expect(findCycle([one, two])).toEqual([one.path, two.path, one.path]);
    expect(findCycle([one, file(two.path, "")])).toBeUndefined();
  });

  test("allow calls of a clock and a fetch that are arguments", () => {
    const text = "deps.now(); deps.fetch(url); new Date(text); ports.prefetch(x);";
    expect(findAmbientGlobals(file("src/actions/x.ts", text))).toEqual([]);
  });

  test("find bad names, barrel files and wrong documents", () => {
    const names = ["src/http/utils.ts", "src/room-manager.ts", "src/fooBar.ts", "src/domain/room-data/x.ts"];
    for (const path of names) expect(findBadNames(path), path).toHaveLength(1);
    expect(findMisnamedAction(file("src/actions/eat-cake.ts", "export function eatPie() {}"))).toHaveLength(
      1,
    );
    const barrel = 'export * from "./a.ts";\nexport { b } from "./b.ts";\n';
    expect(findBarrels(file("src/tools/all.ts", barrel))).toHaveLength(1);
    expect(findBarrels(file("src/tools/x.ts", "export default 1;"))).toHaveLength(1);
    const text =
      "See `src/gone.ts`, [api](api.md#errors), src/routes/*.ts, [web](https://x.y) and docs/<name>.md.";
    expect(findNamedPaths(file("docs/x.md", text))).toEqual(["src/gone.ts", "docs/api.md"]);
  });
});

function readFiles(under: string, extension: string): SourceFile[] {
  const whole = join(root, under);
  if (!existsSync(whole)) return [];
  if (under.endsWith(extension)) return [{ path: under, text: readFileSync(whole, "utf8") }];
  return (
    readdirSync(whole, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
      // What npm installs for a package of the tests, and what wrangler builds beside a Worker that runs just now.
      .filter(
        (entry) => !/[/\\](node_modules|generated|\.wrangler)/.test(entry.parentPath.slice(whole.length)),
      )
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path: relative(root, path).split(sep).join("/"), text: readFileSync(path, "utf8") }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1))
  );
}

/** The first circle of imports among these files, types included, as a list of paths. */
function findCycle(files: readonly SourceFile[]): string[] | undefined {
  const targets = new Map(
    files.map(({ path, text }) => [
      path,
      readImports(text).flatMap(({ from }) => (from.startsWith(".") ? [resolvePath(path, from)] : [])),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const target of targets.get(path) ?? []) {
      const cycle = visit(target, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  return files.map(({ path }) => visit(path, [])).find((cycle) => cycle !== undefined);
}
