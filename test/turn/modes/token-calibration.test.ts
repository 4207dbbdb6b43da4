import { describe, expect, test } from "vitest";
import type { Json } from "../../support/api.ts";
import type { ModelAnswer } from "../../support/models.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { synthesisSays } from "./support/model-calls.ts";

type ReportedUsage = NonNullable<ModelAnswer["usage"]>;

const auditsOf = async (fixture: TurnFixture, turn: Json): Promise<Json[]> =>
  (await fixture.read(turn.id)).body.audit;
const counted = (prompt_tokens: number): ReportedUsage => ({ prompt_tokens, completion_tokens: 5 });

/** Two turns, of which the provider counts the first one's prompt so. */
async function talkTwice(usage: ReportedUsage | null) {
  const fixture = await createTurnFixture();
  await fixture.models.script(says("ada", { text: "hi", usage }, 1));
  const first = await fixture.post("@ada hello there");
  const second = await fixture.post("@ada hello again");
  const [[before], [after]] = [await auditsOf(fixture, first.body), await auditsOf(fixture, second.body)];
  return { before, after };
}

describe("the estimate of a session's second prompt", () => {
  test.each([80, 120, 200])("follows the provider's count of the first: %d tokens", async (tokens) => {
    const { before, after } = await talkTwice(counted(tokens));

    expect(before).toMatchObject({ token_scale: "1.2500", counted_input_tokens: tokens });
    const scale = (tokens * 1.25) / before.estimated_tokens_after_prune;
    expect(Number(after.token_scale)).toBeCloseTo(scale, 3);
    expect(scale).toBeGreaterThan(0.7);
    expect(scale).toBeLessThan(3);
  });

  test("counts cached tokens as tokens", async () => {
    const { before } = await talkTwice({ ...counted(100), cached_tokens: 60 });
    expect(before.counted_input_tokens).toBe(100);
  });

  test.each([
    ["more than a prompt can have", counted(1_000_000), "3.0000"],
    ["next to nothing", counted(1), "0.7000"],
    ["nothing", counted(0), "1.2500"],
  ])("is not changed by a provider that counts %s", async (_what, usage, scale) => {
    expect((await talkTwice(usage)).after.token_scale).toBe(scale);
  });

  test("keeps its margin where the provider counts nothing", async () => {
    const { before, after } = await talkTwice(null);
    expect(before).toMatchObject({ token_scale: "1.2500", counted_input_tokens: null });
    expect(after.token_scale).toBe("1.2500");
  });
});

test("a corrected estimate agrees with the count, and stays correct", async () => {
  const fixture = await createTurnFixture();
  const turns: Json[] = [];
  for (let n = 1; n <= 4; n += 1) turns.push((await fixture.post(`@ada the same few words, time ${n}`)).body);

  const [first, ...later] = await Promise.all(turns.map(async (turn) => (await auditsOf(fixture, turn))[0]));

  const error = (audit: Json) =>
    Math.abs(audit.estimated_tokens_after_prune / audit.counted_input_tokens - 1);
  expect(error(first)).toBeGreaterThan(0.3);
  for (const audit of later) expect(error(audit)).toBeLessThan(0.2);
});

test("each model has its own scale, also where another model answered in between or failed", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", { key: "bob", modelAlias: "qwen" }] });
  await fixture.models.script(
    says("ada", { text: "hi", usage: counted(100) }, 1),
    says("bob", { text: "hi", usage: counted(150) }, 1),
    says("ada", { status: 400 }, 2),
  );
  const [first] = await auditsOf(fixture, (await fixture.post("@ada hello")).body);
  const [second] = await auditsOf(fixture, (await fixture.post("@bob hello")).body);
  const [failed] = await auditsOf(fixture, (await fixture.post("@ada again")).body);

  const third = await auditsOf(fixture, (await fixture.post("@ada @bob once more")).body);

  const scaleOf = (audit: Json, tokens: number) =>
    ((tokens * Number(audit.token_scale)) / audit.estimated_tokens_after_prune).toFixed(4);
  expect(second).toMatchObject({ token_scale: "1.2500" });
  expect(failed).toMatchObject({ counted_input_tokens: null });
  expect(third.map(({ token_scale }) => token_scale)).toEqual([scaleOf(first, 100), scaleOf(second, 150)]);
});

test.each(["manager", "Manager"])(
  "a synthesis of '%s' has the scale of the manager's model, which no agent has",
  async (synthesis) => {
    const fixture = await createTurnFixture({
      orchestration: { synthesis },
      settings: { MANAGER_MODEL_ALIAS: "qwen" },
    });
    await fixture.models.script(
      synthesisSays({ text: "in one", usage: counted(200) }),
      says("ada", { text: "hi", usage: counted(100) }),
    );
    const [ofAda, ofManager] = await auditsOf(fixture, (await fixture.post("@ada hello")).body);

    const [next, nextSynthesis] = await auditsOf(fixture, (await fixture.post("@ada again")).body);

    const scaleAfter = (audit: Json) =>
      (audit.counted_input_tokens * 1.25) / audit.estimated_tokens_after_prune;
    expect(ofManager).toMatchObject({ step: "synthesis", model_alias: "qwen", token_scale: "1.2500" });
    expect(Number(next.token_scale)).toBeCloseTo(scaleAfter(ofAda), 3);
    expect(nextSynthesis.step).toBe("synthesis");
    expect(Number(nextSynthesis.token_scale)).toBeCloseTo(scaleAfter(ofManager), 3);
    expect(nextSynthesis.token_scale).not.toBe(next.token_scale);
  },
);
