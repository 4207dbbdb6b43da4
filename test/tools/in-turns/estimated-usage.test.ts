import { expect, test } from "vitest";
import { estimateTokens } from "../../../src/domain/context/token-estimate.ts";
import { says } from "../../support/turn-fixture.ts";
import { createToolFixture, query, searchesFor } from "./tool-fixture.ts";

test("where a provider reports no usage, tool calls that were paid for are estimated too", async () => {
  const words = "what cats do all day long and why";
  const fixture = await createToolFixture();
  await fixture.models.script(
    says("ada", { ...searchesFor(words), usage: null }, 1),
    says("ada", { text: "Sleep.", usage: null }, 2),
  );

  const { body } = await fixture.post("@ada go");

  expect(body.status).toBe("completed");
  const rows = await fixture.ledger();
  const [first, second] = [1, 2].map((round) => rows.find((row) => row.round === round));
  expect(first).toMatchObject({ usage_source: "estimated" });
  expect(first?.output_tokens).toBeGreaterThanOrEqual(estimateTokens(query(words)));
  // The second call is sent the first's question as well as its result.
  const [asked, found] = (await fixture.models.journal())[1]?.messages.slice(-2) ?? [];
  expect(asked?.content).toBe("");
  expect(second?.input_tokens_fresh - first?.input_tokens_fresh).toBeGreaterThan(
    estimateTokens(found?.content ?? "") + estimateTokens(words) - 1,
  );
});
