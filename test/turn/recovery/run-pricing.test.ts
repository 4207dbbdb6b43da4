import { describe, expect, test } from "vitest";
import { createTestApi } from "../../support/api.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { managerSays } from "../modes/support/model-calls.ts";
import { answersStored, expireLease } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

describe("a holder that is lost between the attempts of a call", () => {
  test("has an estimate of each attempt", async () => {
    const fixture = await createTurnFixture();
    const cut = { cut_before_headers: true } as const;
    await fixture.models.script(
      says("ada", cut, 1),
      says("ada", cut, 2),
      says("ada", { text: "lost", hold: "gate" }, 3),
    );
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 3 });
    await expireLease(fixture);

    expect((await fixture.post("@ada and then", { key: "next" })).status).toBe(201);

    const [settled] = (await fixture.list()).body.data;
    const estimates = (await fixture.ledger()).filter(({ turn_id }) => turn_id === settled.id);
    expect(estimates).toMatchObject(Array(3).fill({ status: "unknown", credits: "0.00000000" }));
    await expectLedgerMatchesCalls(fixture);

    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    const rows = (await fixture.ledger()).filter(({ turn_id }) => turn_id === settled.id);
    expect(rows.map(({ status }) => status).toSorted()).toEqual(["completed", "unknown", "unknown"]);
    expect(rows).toMatchObject(Array(3).fill({ attempts: 3 }));
    await expectLedgerMatchesCalls(fixture);
  });

  test.each(["before", "after"])(
    "has none left once it reports a fourth attempt, the adjusted one, %s its run is stored",
    async (when) => {
      const fixture = await createTurnFixture();
      const soon = { "retry-after-ms": "1" };
      await fixture.models.script(
        says("ada", { status: 400, body: "Unsupported parameter: 'stream_options'" }, 1),
        says("ada", { status: 503, headers: soon }, 2),
        says("ada", { status: 503, headers: soon }, 3),
        says("ada", { text: "late", hold: "first" }, 4),
        says("ada", { text: "in time", hold: "second" }, 5),
      );
      const post = fixture.post("@ada hello", { key: "k" });
      await fixture.models.wait({ calls: 4 });
      await expireLease(fixture);
      const again = fixture.post("@ada hello", { key: "k" });
      await fixture.models.wait({ calls: 5 });
      const finish = async (gate: string, answer: typeof post, status: number) => {
        await fixture.models.release(gate);
        expect((await answer).status).toBe(status);
      };

      if (when === "before") await finish("first", post, 409);
      await finish("second", again, 201);
      if (when === "after") await finish("first", post, 409);

      const rows = (await fixture.ledger()).map(({ status, attempts }) => [status, attempts]);
      expect(rows.toSorted()).toEqual([
        ["completed", 1],
        ["completed", 4],
      ]);
    },
  );

  test("has an estimate of each attempt of the manager too", async () => {
    const fixture = await createTurnFixture({ mode: "orchestrator" });
    const cut = { cut_before_headers: true } as const;
    await fixture.models.script(
      managerSays(cut, 1),
      managerSays({ text: "lost", hold: "gate" }, 2),
      managerSays({ text: JSON.stringify({ selected_agent_keys: ["ada"] }) }),
    );
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 2 });
    await expireLease(fixture);

    expect((await fixture.post("and then")).status).toBe(201);

    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    await expectLedgerMatchesCalls(fixture);
  });
});

const house = {
  alias: "house",
  provider: "own",
  model: `house/${crypto.randomUUID()}`,
  context_window: 8_192,
  multiplier: 2.5,
};
const withHouse = { MODELS_JSON: JSON.stringify([house]) };

/** The next deployment, which has the standard models alone. */
const laterOf = ({ models }: TurnFixture, settings: Record<string, string> = {}) =>
  createTestApi({ settings: { LLM_BASE_URL: models.baseUrl, ...settings } });

describe("a run whose models the next deployment does not have", () => {
  test("has its ledger rows, priced by its claim, and so has a late report", async () => {
    const fixture = await createTurnFixture({
      agents: [{ key: "ada", modelAlias: "house" }, "bob"],
      settings: withHouse,
    });
    await fixture.models.script(says("ada", { text: "late", hold: "gate", usage }), says("bob", "hi"));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    await expireLease(fixture);

    const later = laterOf(fixture).as(fixture.owner);
    expect((await later.post(fixture.turnsPath, { message: "@bob and then" })).status).toBe(201);

    const estimates = (await fixture.ledger()).filter(({ agent_key }) => agent_key === "ada");
    const named = { provider: "own", model_alias: "house", provider_model: house.model };
    expect(estimates).toMatchObject(Array(3).fill({ ...named, status: "unknown" }));
    const version = estimates[0]?.pricing_version;
    expect(version).toMatch(/^2026-02-20\+/);
    expect(
      await fixture.sql`select multiplier from model_prices where version = ${version} and model_alias = 'house'`,
    ).toEqual([{ multiplier: "2.50" }]);
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    const rows = (await fixture.ledger()).find(
      ({ status, agent_key }) => agent_key === "ada" && status === "completed",
    );
    expect(rows).toMatchObject({ ...named, pricing_version: version, credits: "0.02050000" });
    await expectLedgerMatchesCalls(fixture);
  });

  test("has its manager's calls in the audit", async () => {
    const fixture = await createTurnFixture({
      mode: "orchestrator",
      settings: { ...withHouse, MANAGER_MODEL_ALIAS: "house" },
    });
    await fixture.models.script(managerSays({ text: "lost", hold: "gate" }, 1));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 1 });
    await expireLease(fixture);

    expect(
      (await laterOf(fixture).as(fixture.owner).post(fixture.turnsPath, { message: "and then" })).status,
    ).toBe(201);

    const [settled] = (await fixture.list()).body.data;
    const { body } = await fixture.read(settled.id);
    expect(body.audit[0].overhead_calls).toMatchObject(
      Array(3).fill({ purpose: "routing", model_alias: "house", status: "unknown" }),
    );
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
  });

  test("and whose claim is of an earlier version has rows with the alias", async () => {
    const fixture = await createTurnFixture({
      agents: [{ key: "ada", modelAlias: "house" }, "bob"],
      settings: withHouse,
    });
    await fixture.models.script(says("ada", { text: "late", hold: "gate" }), says("bob", "hi"));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    await fixture.sql`update turn_claims set snapshot = snapshot - 'pricing' where session_id = ${fixture.sessionId}`;
    await expireLease(fixture);

    const later = laterOf(fixture).as(fixture.owner);
    expect((await later.post(fixture.turnsPath, { message: "@bob and then" })).status).toBe(201);

    const estimates = (await fixture.ledger()).filter(({ agent_key }) => agent_key === "ada");
    expect(estimates).toMatchObject(
      Array(3).fill({ provider: "unknown", model_alias: "house", pricing_version: "2026-02-20" }),
    );
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    await expectLedgerMatchesCalls(fixture);
  });
});

test("a run that is resumed where its models cost more is priced as when it was opened", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
  await fixture.models.script(
    says("bob", { text: "lost", hold: "gate" }, 1),
    says("ada", { text: "one", usage }),
    says("bob", { text: "two", usage }),
  );
  const post = fixture.post("hello", { key: "k" });
  await fixture.models.wait({ calls: 2 });
  await answersStored(fixture, { steps: 1 });
  await expireLease(fixture);
  const dearer = { alias: "deepseek", provider: "own", model: "dear", context_window: 8_192, multiplier: 14 };
  const later = laterOf(fixture, { MODELS_JSON: JSON.stringify([dearer]) });

  const again = await later
    .as(fixture.owner)
    .post(fixture.turnsPath, { message: "hello" }, { headers: { "Idempotency-Key": "k" } });

  expect(again).toMatchObject({ status: 201, body: { status: "completed" } });
  const paid = (await fixture.ledger()).filter(({ status }) => status === "completed");
  expect(paid).toMatchObject([
    { agent_key: "ada", pricing_version: "2026-02-20", credits: "0.00820000" },
    { agent_key: "bob", pricing_version: "2026-02-20", credits: "0.00820000", provider: "own" },
  ]);
  await fixture.models.release("gate");
  expect((await post).status).toBe(409);
});

test("a claim keeps the models that its run may call, and no others", async () => {
  const fixture = await createTurnFixture({
    agents: [{ key: "ada", modelAlias: "house" }, "bob"],
    settings: { ...withHouse, MANAGER_MODEL_ALIAS: "qwen", SUMMARIZER_MODEL_ALIAS: "llama" },
  });
  await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
  const post = fixture.post("@ada hello", { modelAliasOverride: "premium" });
  await fixture.models.wait({ calls: 1 });
  const claim = await fixture.claim();
  await fixture.models.release("gate");
  await post;

  const { models, version, isStored, ...aliases } = claim?.snapshot.pricing ?? {};
  expect(aliases).toEqual({ managerModelAlias: "qwen", summarizerModelAlias: "llama" });
  expect(isStored).toBe(false);
  expect(version).toMatch(/^2026-02-20\+/);
  expect(models.map(({ alias }: { alias: string }) => alias).toSorted()).toEqual([
    "deepseek",
    "house",
    "llama",
    "premium",
    "qwen",
  ]);
  expect(models).toContainEqual({
    alias: "house",
    provider: "own",
    providerModel: house.model,
    multiplierHundredths: 250,
    maxAttempts: 3,
  });
});

const usage = { prompt_tokens: 120, completion_tokens: 40 };
