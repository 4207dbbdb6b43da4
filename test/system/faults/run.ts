import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runCommand } from "../../../dev/command.ts";
import { stoppedExitCode, stopSignal, whenAborted } from "../../../dev/stop-signal.ts";
import { readTestSeed } from "../../support/node/test-seed.ts";
import { createReport, formatReport, writeReport } from "./report.ts";
import { reconcile, runScenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { startTestbed } from "./testbed/testbed.ts";

const usageText = `Injects faults into every part of Pantheon, and compares what is stored with what the models were asked.
  npm run test:faults -- [--seed N] [--only scenario,…] [--rounds N] [--kills N] [--short]
  npm run test:faults -- --seed N --only scenario --round N   runs one round again
With TEST_DATABASE_URL=postgres://… against that server, else on an embedded database, without true concurrency.`;

const resultsFile = fileURLToPath(new URL("./results.json", import.meta.url));

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      only: { type: "string" },
      round: { type: "string" },
      rounds: { type: "string" },
      kills: { type: "string" },
      short: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(usageText);
  const seed = numberOf("--seed", values.seed) ?? readTestSeed(process.env);
  const round = numberOf("--round", values.round);
  const maxRounds = numberOf("--rounds", values.rounds);
  const kills = numberOf("--kills", values.kills) ?? maxRounds;
  const chosen = chooseScenarios(values.only);
  const startedMs = Date.now();
  const print = (line: string) =>
    console.log(`${((Date.now() - startedMs) / 1_000).toFixed(0).padStart(5)} s  ${line}`);

  print(`seed ${seed}: bundling the Worker, starting its peers`);
  const testbed = await startTestbed();
  // A run that is stopped ends its Workers and drops its database.
  void whenAborted(stopSignal()).then(() => testbed.stop().finally(() => process.exit(stoppedExitCode)));
  if (!testbed.trueConcurrency) print("an embedded database: no two transactions overlap in it");
  const report = createReport(seed, testbed.trueConcurrency ? "postgres" : "embedded");
  try {
    for (const scenario of chosen) {
      const planned = values.short ? scenario.rounds.short : scenario.rounds.long;
      const count = (scenario.name === "kills" ? kills : maxRounds) ?? planned;
      const rounds = round === undefined ? Array.from({ length: count }, (_, index) => index) : [round];
      print(`${scenario.name}: ${rounds.length} rounds`);
      await runScenario({ seed, testbed, report, print }, scenario, rounds);
    }
    await reconcile(testbed, report, print);
  } finally {
    await testbed.stop();
  }
  writeReport(resultsFile, report);
  console.log(`\n${formatReport(report)}`);
  if (report.violations.length > 0) process.exitCode = 1;
});
// Ends at once. Node's own teardown may wait for ever for a socket that was reset.
process.exit();

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`${option} must be a whole number, not '${text}'.`);
  return Number(text);
}

function chooseScenarios(only: string | undefined) {
  if (only === undefined) return scenarios;
  return only.split(",").map((name) => {
    const scenario = scenarios.find((one) => one.name === name.trim());
    if (scenario === undefined) {
      throw new Error(
        `--only: there is no '${name}'; there are ${scenarios.map((one) => one.name).join(", ")}.`,
      );
    }
    return scenario;
  });
}
