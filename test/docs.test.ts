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

/** The cells of an ending's row: claim, checkpoint, ledger, hold, answer. */
function cellsOf(ending: Ending): string[] {
  switch (ending.kind) {
    case "stored":
      return [
        "deleted",
        { last: "last kept", none: "none" }[ending.checkpoint],
        "in the turn",
        "consumed",
        "the turn",
      ];
    case "refused":
      return [
        "deleted",
        "none",
        { none: "none", without_turn: "without a turn" }[ending.ledger],
        { none: "released", without_turn: "consumed" }[ending.ledger],
        ending.answer === "refusal" ? "its refusal" : `\`${ending.answer}\``,
      ];
    case "unfinished":
      return [
        { expire: "lease ends now", leave: "left" }[ending.claim],
        { expire: "what is unstored", leave: "as it is" }[ending.claim],
        "late report",
        "kept",
        `\`${ending.answer}\``,
      ];
  }
}

test("src/turn/README.md has the same table of endings as the code", () => {
  const documented = [...runReadme.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, name, cells = ""]) => [
    name,
    ...cells.split(" | "),
  ]);
  expect(documented).toEqual(Object.entries(endings).map(([name, ending]) => [name, ...cellsOf(ending)]));
});
