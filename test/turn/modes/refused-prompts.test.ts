import { describe, expect, test } from "vitest";
import type { Json } from "../../support/api.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { conversationIn } from "./support/model-calls.ts";
import { textOf, tinySettings, tooSmallSummarizer } from "./support/small-model.ts";

const tooLong = {
  status: 400,
  body: { error: { code: "context_length_exceeded", message: "maximum context length is 4096 tokens" } },
};
const counted = (tokens: number) =>
  `maximum context length is 4096 tokens, your messages resulted in ${tokens} tokens`;
const tooLongAt = (tokens: number) => ({
  status: 400,
  body: { error: { code: "context_length_exceeded", message: counted(tokens) } },
});
const tooLongInStream = { body: `data: {"error":{"code":400,"message":"${counted(9_001)}"}}\n\n` };

/** No summary is made, and a provider reports prompt tokens only where a rule says so. */
function createTinyFixture(agents = ["ada"]): Promise<TurnFixture> {
  return createTurnFixture({
    agents: agents.map((key) => ({ key, modelAlias: "tiny" })),
    settings: tinySettings({ CONTEXT_SUMMARY_EVERY_TURNS: "1000", ...tooSmallSummarizer }),
  });
}

const auditOf = async (fixture: TurnFixture, turn: Json): Promise<Json> =>
  (await fixture.read(turn.id)).body.audit[0];

async function refusalScales({ sql, sessionId }: TurnFixture): Promise<unknown> {
  const [row] = await sql`select refusal_scales from sessions where id = ${sessionId}`;
  return row?.refusal_scales;
}

describe("a prompt that the provider refuses as too long", () => {
  test("makes the next prompt shorter, until the provider counts a prompt again", async () => {
    const fixture = await createTinyFixture();
    const reply = { text: textOf(1_200), usage: null };
    await fixture.models.script(
      says("ada", tooLong, 5),
      says("ada", { ...reply, usage: { prompt_tokens: 4_000, completion_tokens: 5 } }, 7),
      says("ada", reply),
    );
    for (let n = 1; n <= 4; n += 1) await fixture.post(textOf(1_800, `@ada ${n}`));

    const refused = (await fixture.post("@ada the refused one")).body;
    const next = (await fixture.post("@ada and now?")).body;

    expect(refused).toMatchObject({
      status: "failed",
      prune_triggered: false,
      replies: [{ error: { code: "context_budget_exceeded" } }],
    });
    expect(await auditOf(fixture, refused)).toMatchObject({
      token_scale: "1.2500",
      counted_input_tokens: null,
    });
    expect(next).toMatchObject({ status: "completed", prune_triggered: true });
    expect(await auditOf(fixture, next)).toMatchObject({ token_scale: "1.6250" });
    const [before, after] = (await fixture.models.journal())
      .slice(4)
      .map((call) => conversationIn(call).join(""));
    expect(after?.length).toBeLessThan((before?.length ?? 0) - 1_000);

    expect(await refusalScales(fixture)).toEqual({ tiny: 1.625 });
    const third = await auditOf(fixture, (await fixture.post("@ada once more")).body);
    expect(third).toMatchObject({ token_scale: "1.6250", counted_input_tokens: 4_000 });
    expect(await refusalScales(fixture)).toEqual({});
    const fourth = await auditOf(fixture, (await fixture.post("@ada and again")).body);
    const learnt = (4_000 * 1.625) / third.estimated_tokens_after_prune;
    expect(Number(fourth.token_scale)).toBeCloseTo(learnt, 3);
  });

  test.each([
    ["in a 400", tooLongAt(1_500), 1_500],
    ["in its answer's stream", tooLongInStream, 9_001],
  ])("is measured by the count that the provider names %s", async (_, refusal, tokens) => {
    const fixture = await createTinyFixture();
    await fixture.models.script(says("ada", refusal, 1));
    const refused = await auditOf(fixture, (await fixture.post(textOf(3_000, "@ada"))).body);
    const next = await auditOf(fixture, (await fixture.post("@ada and now?")).body);

    const scale = Math.min(3, (tokens * 1.25) / refused.estimated_tokens_after_prune);
    expect(scale).toBeGreaterThan(1.4);
    expect(Number(next.token_scale)).toBeCloseTo(scale, 3);
  });

  test("counts more than a count of the same run, and does not change the scale of other models", async () => {
    const fixture = await createTurnFixture({
      agents: [
        { key: "ada", modelAlias: "qwen" },
        { key: "bob", modelAlias: "qwen" },
        { key: "cy", modelAlias: "llama" },
      ],
    });
    await fixture.models.script(says("bob", tooLong, 1));
    await fixture.post("@ada @bob @cy hello");
    expect(await refusalScales(fixture)).toEqual({ qwen: 1.625 });
  });

  test("makes the prompt of the retry shorter", async () => {
    const fixture = await createTinyFixture();
    await fixture.models.script(says("ada", tooLong, 1));
    const { body } = await fixture.post("@ada hello");
    await fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${body.id}/retry`);
    const { audit } = (await fixture.read(body.id)).body;
    expect(audit.map(({ token_scale }: Json) => token_scale)).toEqual(["1.2500", "1.6250"]);
  });
});

test("a message that is refused before any call is accepted once the scale is low enough", async () => {
  const fixture = await createTinyFixture();
  await fixture.models.script(
    says("ada", { text: "hi", usage: { prompt_tokens: 100_000, completion_tokens: 5 } }, 1),
  );
  await fixture.post("@ada hello");
  const large = textOf(12_000, "@ada");

  expect((await fixture.post(large)).body).toMatchObject({ code: "context_budget_exceeded" });
  expect(await refusalScales(fixture)).toEqual({ tiny: 2 });
  expect((await fixture.post(large)).body).toMatchObject({ code: "context_budget_exceeded" });
  expect(await refusalScales(fixture)).toEqual({ tiny: 1.5 });
  const { status, body } = await fixture.post(large);

  expect({ status, reply: body.status }).toEqual({ status: 201, reply: "completed" });
  expect(await auditOf(fixture, body)).toMatchObject({ token_scale: "1.5000" });
  expect(await refusalScales(fixture)).toEqual({});
});
