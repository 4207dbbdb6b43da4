import { createConfig, lintFromString } from "@redocly/openapi-core";
import spectral, { type RulesetDefinition } from "@stoplight/spectral-core";
import rulesets from "@stoplight/spectral-rulesets";
import { runCommand } from "./command.ts";

// Lints the OpenAPI document with two linters that people use. They are libraries, not commands: nothing is downloaded.
await runCommand(async () => {
  const document = JSON.stringify(await describeApi(), null, 2);
  const found = [...(await lintWithRedocly(document)), ...(await lintWithSpectral(document))];
  if (found.length > 0)
    throw new Error(`The OpenAPI document has ${found.length} faults.\n${found.join("\n")}`);
  console.log(`The OpenAPI document is without faults: ${(document.length / 1024).toFixed(0)} KiB`);
});

/** The document of an application that is never asked anything: routes read only these parts when they are registered. */
async function describeApi(): Promise<unknown> {
  // By address, not by name: the types of the Worker's platform are not those of these scripts.
  const load = (path: string) => import(new URL(path, import.meta.url).href);
  const [{ createApp }, { buildApiDocument }] = await Promise.all([
    load("../src/app.ts"),
    load("../src/http/reference/document.ts"),
  ]);
  const settings = { context: { maxOutputTokens: 1 } };
  return buildApiDocument(createApp({ newId: () => "", nowMs: () => 0, corsAllowedOrigins: [], settings }));
}

async function lintWithRedocly(document: string): Promise<string[]> {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const problems = await lintFromString({ source: document, absoluteRef: "openapi.json", config });
  return problems.map(
    ({ ruleId, message, location }) => `redocly ${ruleId}: ${message} ${location[0]?.pointer ?? ""}`,
  );
}

async function lintWithSpectral(document: string): Promise<string[]> {
  const linter = new spectral.Spectral();
  linter.setRuleset(new spectral.Ruleset({ extends: [rulesets.oas] } as RulesetDefinition));
  const problems = await linter.run(JSON.parse(document));
  return problems.map(({ code, message, path }) => `spectral ${code}: ${message} ${path.join("/")}`);
}
