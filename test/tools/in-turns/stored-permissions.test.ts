import { expect, test } from "vitest";
import { says } from "../../support/turn-fixture.ts";
import { createToolFixture, searchesFor } from "./tool-fixture.ts";

const unreadable = [
  '"search"',
  '"[\\"search\\"]"',
  '{"0":"search"}',
  '{"0":"search","length":1}',
  '{"search":true}',
  '["search","rm"]',
  '["search",null]',
  '["search",""]',
  '["Search"]',
  '["search "]',
  '[["search"]]',
  '[{"name":"search"}]',
  "null",
  "[null]",
  "true",
  "0",
  "1",
  "[0]",
  "{}",
  "[]",
  '""',
];

test("stored permissions that are not a list of known names count as none", async () => {
  const fixture = await createToolFixture({ settings: { CONTEXT_SUMMARY_EVERY_TURNS: "1000" } });
  await fixture.models.script(says("ada", { text: "As you wish.", ...searchesFor("cats") }));
  for (const stored of unreadable) {
    await fixture.permit("ada", stored);

    const { body } = await fixture.post("@ada search: cats");

    expect(body, stored).toMatchObject({ status: "completed" });
    expect(new Set(body.tool_calls.map((call: { status: string }) => call.status)), stored).toEqual(
      new Set(["denied"]),
    );
  }
  expect(await fixture.searched()).toEqual([]);
  const journal = await fixture.models.journal();
  expect(journal.filter(({ tools, body }) => tools.length > 0 && body.tool_choice !== "none")).toEqual([]);
  expect(journal).toHaveLength(5 * unreadable.length);
}, 30_000);

test("stored permissions with a name twice count once", async () => {
  const fixture = await createToolFixture();
  await fixture.permit("ada", '["search","search"]');

  const { body } = await fixture.post("@ada search: cats");

  expect(body.tool_calls).toMatchObject([{ status: "success" }]);
  expect((await fixture.models.journal())[0]?.tools).toHaveLength(1);
});
