import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type {} from "../../support/provided.d.ts";
import { createReport, formatReport, type Report } from "./report.ts";
import { reconcile, runScenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { startTestbed, type Testbed } from "./testbed/testbed.ts";

const seed = inject("seed");

let testbed: Testbed;
let report: Report;

beforeAll(async () => {
  testbed = await startTestbed();
  report = createReport(seed, testbed.trueConcurrency ? "postgres" : "embedded");
}, 120_000);

afterAll(async () => {
  await testbed.stop();
  console.log(formatReport(report));
}, 30_000);

const shortScenarios = scenarios.filter(({ rounds }) => rounds.short > 0);

describe(`under faults nothing is lost and nothing is done twice (seed ${seed})`, () => {
  test.each(shortScenarios)(
    "$name",
    async (scenario) => {
      const rounds = Array.from({ length: scenario.rounds.short }, (_, index) => index);
      await runScenario({ seed, testbed, report, print: console.log }, scenario, rounds);
      expect(report.violations.filter((violation) => violation.scenario === scenario.name)).toEqual([]);
      expect(report.scenarios[scenario.name]?.rounds).toBe(rounds.length);
    },
    180_000,
  );

  test("every counter of money equals the ledger, and nothing is held any more", async () => {
    await reconcile(testbed, report, console.log);
    expect(report.violations.filter(({ scenario }) => scenario === "reconciliation")).toEqual([]);
  });
});
