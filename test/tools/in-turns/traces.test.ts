import { expect, test } from "vitest";
import { roleOf, says } from "../../support/turn-fixture.ts";
import { createToolFixture, promptOf, searchesFor, textsOf } from "./tool-fixture.ts";

const finding = "Cats sleep 15 hours.";
const aside = "I look that up.";

/** Ada looked something up, in a turn of Ada and Bob. */
async function lookUp() {
  const fixture = await createToolFixture({ agents: ["ada", "bob"] });
  await fixture.search.script({
    default: { results: [{ title: "Cats", url: "https://cats.example/", content: finding }] },
  });
  await fixture.models.script(
    says("ada", { text: aside, ...searchesFor("cats") }, 1),
    says("ada", "They sleep.", 2),
    { answer: { text: "Well." } },
  );
  const { body } = await fixture.post("@ada @bob what do cats do?");
  return { fixture, body };
}

test("a tool's result is fenced in its agent's own next prompt, and in no other agent's", async () => {
  const { fixture } = await lookUp();
  await fixture.post("@ada @bob how long?");

  const next = (await fixture.models.journal()).slice(-2);
  const [ada, bob] = ["ada", "bob"].map((key) => next.find((call) => promptOf(call).includes(roleOf(key))));
  const trace = textsOf(ada, "user").find((text) => text.includes(finding)) ?? "";
  expect(trace).toMatch(/^What your tool 'search' told you earlier:\nResult of the tool "search": untrusted/);
  expect(trace).toMatch(
    /<untrusted_text_1 source="search">[\s\S]*https:\/\/cats\.example\/[\s\S]*<\/untrusted_text_1>$/,
  );
  expect(textsOf(ada, "assistant")).toEqual([aside, "They sleep."]);
  expect(textsOf(ada, "system").join()).not.toContain(finding);
  expect(promptOf(bob)).toContain("[Ada]: They sleep.");
  for (const secret of [finding, aside, "cats.example", "What your tool"]) {
    expect(promptOf(bob)).not.toContain(secret);
  }
});

test("messages between an agent and its tools are stored, and no reader of the session sees them", async () => {
  const { fixture, body } = await lookUp();
  expect(await fixture.privateMessages()).toMatchObject([
    { role: "assistant", agent_key: "ada", content: aside, turn_id: body.id, run_id: body.id },
    { role: "tool", agent_key: "ada", content: expect.stringContaining(finding), turn_id: body.id },
  ]);
  const owner = fixture.api.as(fixture.owner);
  const answers = [
    await owner.get(`/sessions/${fixture.sessionId}/messages?include=superseded`),
    await fixture.read(body.id),
    await fixture.list(),
    await owner.post(fixture.turnsPath, { message: "@bob bye" }),
  ];
  for (const { status, text } of answers) {
    expect(status).toBeLessThan(300);
    expect(text).not.toContain(finding);
    expect(text).not.toContain(aside);
  }
  const { data } = answers[0]?.body ?? {};
  expect(data.map(({ role, content }: Record<string, string>) => [role, content])).toEqual([
    ["user", "@ada @bob what do cats do?"],
    ["assistant", "They sleep."],
    ["assistant", "Well."],
  ]);
});

test("a refused call is in its agent's later prompts, and in no other agent's", async () => {
  const fixture = await createToolFixture({ agents: ["ada", "bob"], permissions: {} });
  await fixture.models.script(says("ada", searchesFor("cats"), 1), { answer: { text: "Well." } });
  await fixture.post("@ada @bob go");
  await fixture.post("@ada @bob again");

  const next = (await fixture.models.journal()).slice(-2).map(promptOf);
  expect(next.filter((prompt) => prompt.includes("tool_not_permitted"))).toHaveLength(1);
  expect(next.find((prompt) => prompt.includes("tool_not_permitted"))).toContain(roleOf("ada"));
});

test("the transcript for a summary has no message between an agent and its tools", async () => {
  const { fixture } = await lookUp();
  const before = (await fixture.models.journal()).length;
  for (let turn = 2; turn <= 9; turn += 1) await fixture.post("@bob go on");

  const prompts = (await fixture.models.journal()).slice(before).map(promptOf);
  const summaries = prompts.filter((prompt) => !prompt.includes(roleOf("bob")));
  expect(summaries.length).toBeGreaterThan(0);
  for (const prompt of prompts) expect(prompt).not.toContain(finding);
});
