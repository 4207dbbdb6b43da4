import { expect, test } from "vitest";
import { createTurnFixture, says } from "../../support/turn-fixture.ts";
import { createToolFixture, searchesFor } from "../../tools/in-turns/tool-fixture.ts";
import { managerPicksInRounds, replySteps, synthesisSays } from "../modes/support/model-calls.ts";
import { answersStored, expireLease, listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

/** Names that every object of JavaScript answers to. */
const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];

test("agents that are named like properties of every object keep their stored answers when their run is resumed", async () => {
  const fixture = await createTurnFixture({ agents: [...names, "bob"], mode: "roundtable" });
  await fixture.models.script(
    says("bob", { text: "lost", hold: "gate" }, 1),
    ...names.map((name) => says(name, `I am ${name}`)),
    says("bob", "last"),
  );
  const post = fixture.post("hello", { key: "k" });
  await fixture.models.wait({ calls: 5 });
  await answersStored(fixture, { steps: 4 });
  await expireLease(fixture);

  const again = await fixture.post("hello", { key: "k" });

  await fixture.models.release("gate");
  expect((await post).status).toBe(409);
  expect(again.body.replies).toMatchObject([
    ...names.map((name) => ({ agent_key: name, content: `I am ${name}` })),
    { agent_key: "bob", content: "last" },
  ]);
  expect(await listCallers(fixture)).toEqual([...names, "bob", "bob"]);
  expect((await fixture.ledger()).map(({ agent_key }) => agent_key).toSorted()).toEqual(
    [...names, "bob", "bob"].toSorted(),
  );
  await expectLedgerMatchesCalls(fixture);
});

test("in parallel and during tool calls they go on with the results of their tools", async () => {
  const fixture = await createToolFixture({ agents: ["__proto__", "constructor"] });
  await fixture.models.script(
    says("__proto__", "I am first"),
    says("constructor", searchesFor("boats"), 1),
    says("constructor", { text: "lost", hold: "gate" }, 2),
    says("constructor", "about boats"),
  );
  const message = "@__proto__ @constructor hello";
  const post = fixture.post(message, { key: "k" });
  await fixture.models.wait({ calls: 3 });
  await answersStored(fixture, { steps: 2 });
  await expireLease(fixture);

  const again = await fixture.post(message, { key: "k" });

  await fixture.models.release("gate");
  expect((await post).status).toBe(409);
  expect(again.body.replies).toMatchObject([
    { agent_key: "__proto__", content: "I am first" },
    { agent_key: "constructor", content: "about boats" },
  ]);
  expect(await listCallers(fixture)).toEqual(["__proto__", "constructor", "constructor", "constructor"]);
  expect(await fixture.searched()).toEqual(["boats"]);
  await expectLedgerMatchesCalls(fixture);
});

/** Names that steps, nodes and settings have. */
const words = ["synthesis", "route", "off"];

test("agents that are named like parts of a run have answers, ledger rows and audits of their own", async () => {
  const fixture = await createTurnFixture({
    agents: words,
    mode: "orchestrator",
    orchestration: { maxRounds: 2, synthesis: "synthesis" },
  });
  await fixture.models.script(
    ...managerPicksInRounds(words, ["synthesis", "off"]),
    synthesisSays({ text: "lost", hold: "gate" }, 1),
    synthesisSays("in one"),
  );
  const post = fixture.post("hello", { key: "k" });
  await fixture.models.wait({ calls: 8 });
  await answersStored(fixture, { steps: 7 });
  await expireLease(fixture);

  const { body } = await fixture.post("hello", { key: "k" });

  await fixture.models.release("gate");
  await post;
  const steps = [...words.map((word) => `${word}#1`), "synthesis#2", "off#2", "synthesis"];
  expect(replySteps(body)).toEqual(steps);
  expect(body).toMatchObject({ status: "completed", assistant_output: "in one" });
  const { audit, llm_calls } = (await fixture.read(body.id)).body;
  expect(audit.map(({ step }: { step: string }) => step)).toEqual(steps);
  const paid = llm_calls.map(({ step }: { step: string }) => step);
  expect(paid.toSorted()).toEqual([...steps, "synthesis"].toSorted());
  expect(new Set(llm_calls.map(({ id }: { id: string }) => id)).size).toBe(7);
  await expectLedgerMatchesCalls(fixture);
});
