import { expect, test } from "vitest";
import api from "../docs/api.md?raw";
import operations from "../docs/operations.md?raw";
import { errorCodeNames, errorCodes } from "../src/domain/errors.ts";
import { agentFailureCodes } from "../src/domain/turn/agent-failure.ts";
import runReadme from "../src/turn/README.md?raw";
import { type Ending, endings } from "../src/turn/run.ts";
import { createTestApi } from "./support/api.ts";
import { listOperations } from "./support/operations.ts";

const [errors = "", failures = ""] = api.slice(api.indexOf("## Errors")).split("### Why an agent failed");

/** The first cells of a table's rows. */
const rowsOf = (text: string) => [...text.matchAll(/^\| `(\w+)` \|(?: (\d+) \|)?/gm)];

test("docs/api.md lists every error code with its status, and no others", () => {
  const documented = rowsOf(errors).map(([, code, status]) => [code, Number(status)]);
  expect(documented).toEqual(errorCodeNames.map((code) => [code, errorCodes[code].status]));
});

test("docs/api.md lists every failure code of an agent, and no others", () => {
  expect(rowsOf(failures).map(([, code]) => code)).toEqual([...agentFailureCodes]);
});

test("docs/api.md lists every route, and no others", async () => {
  const documented = [...api.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/[^`]*)`/g)].map(([, route = ""]) =>
    route.replace(" /api/v1/", " /"),
  );
  const operations = await listOperations(createTestApi());
  expect([...new Set(documented)].toSorted()).toEqual(
    operations.map(({ method, path }) => `${method} ${path.replace("/api/v1", "")}`).toSorted(),
  );
});

test("docs/operations.md lists every log event with its level, and no others", () => {
  const sources = import.meta.glob("../src/**/*.ts", {
    query: "?raw",
    import: "default",
    eager: true,
  });
  const logged = Object.values(sources).flatMap((text) =>
    [...text.matchAll(/\.(debug|info|warn|error)\(\s*"(\w+)"/g)].map(
      ([, level, event]) => `${event} ${level}`,
    ),
  );
  const documented = [...operations.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(
    ([, event, level]) => `${event} ${level}`,
  );
  expect(documented.toSorted()).toEqual([...new Set(logged)].toSorted());
});

test("src/turn/README.md has the same table of endings as the code", () => {
  const claims: Record<Ending["claim"], string> = {
    delete: "deleted",
    expire: "lease ends now",
    leave: "left",
  };
  const checkpoints: Record<Ending["checkpoint"], string> = {
    last: "last kept",
    none: "none",
    unstored: "what is unstored",
    as_it_is: "as it is",
  };
  const reservations: Record<Ending["reservation"], string> = {
    consume: "consumed",
    release: "released",
    keep: "kept",
  };
  const cell = "([^|]+)";
  const row = new RegExp(
    `^\\| \`(\\w+)\` \\| ${cell} \\| ${cell} \\| [^|]+ \\| ${cell} \\| ${cell} \\|$`,
    "gm",
  );
  const documented = [...runReadme.matchAll(row)];
  expect(documented.map(([, ...cells]) => cells.slice(0, 4))).toEqual(
    Object.entries(endings).map(([name, { claim, checkpoint, reservation }]) => [
      name,
      claims[claim],
      checkpoints[checkpoint],
      reservations[reservation],
    ]),
  );
  const codes = new Map(documented.map(([, ending, , , , answer = ""]) => [ending, answer]));
  for (const [name, { answer }] of Object.entries(endings)) {
    if (answer !== "turn" && answer !== "refusal") expect(codes.get(name)).toBe(`\`${answer}\``);
  }
});
