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

test("docs/api.md tells every error code, with its status, and no other", () => {
  const told = rowsOf(errors).map(([, code, status]) => [code, Number(status)]);
  expect(told).toEqual(errorCodeNames.map((code) => [code, errorCodes[code].status]));
});

test("docs/api.md tells every reason for which an agent fails, and no other", () => {
  expect(rowsOf(failures).map(([, code]) => code)).toEqual([...agentFailureCodes]);
});

test("docs/api.md tells every route, and no other", async () => {
  const told = [...api.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/[^`]*)`/g)].map(([, route = ""]) =>
    route.replace(" /api/v1/", " /"),
  );
  const operations = await listOperations(createTestApi());
  expect([...new Set(told)].toSorted()).toEqual(
    operations.map(({ method, path }) => `${method} ${path.replace("/api/v1", "")}`).toSorted(),
  );
});

test("docs/operations.md tells every event that is logged, at its level, and no other", () => {
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
  const told = [...operations.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(
    ([, event, level]) => `${event} ${level}`,
  );
  expect(told.toSorted()).toEqual([...new Set(logged)].toSorted());
});

test("the README of src/turn has the table of endings as the code has it", () => {
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
  const told = [...runReadme.matchAll(/^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| [^|]+ \| ([^|]+) \|$/gm)];
  expect(told.map(([, ending, claim, checkpoint]) => [ending, claim, checkpoint])).toEqual(
    Object.entries(endings).map(([name, { claim, checkpoint }]) => [
      name,
      claims[claim],
      checkpoints[checkpoint],
    ]),
  );
  const codes = new Map(told.map(([, ending, , , answer = ""]) => [ending, answer]));
  for (const [name, { answer }] of Object.entries(endings)) {
    if (answer !== "turn" && answer !== "refusal") expect(codes.get(name)).toBe(`\`${answer}\``);
  }
});
