import { expect, test } from "vitest";
import { says } from "../../support/turn-scene.ts";
import { createToolScene, searchesFor } from "./tool-scene.ts";

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

test("permissions stored as anything but a list of known names count as none", async () => {
  const scene = await createToolScene({ settings: { CONTEXT_SUMMARY_EVERY_TURNS: "1000" } });
  await scene.models.script(says("ada", { text: "As you wish.", ...searchesFor("cats") }));
  for (const stored of unreadable) {
    await scene.permit("ada", stored);

    const { body } = await scene.post("@ada search: cats");

    expect(body, stored).toMatchObject({ status: "completed" });
    expect(new Set(body.tool_calls.map((call: { status: string }) => call.status)), stored).toEqual(
      new Set(["denied"]),
    );
  }
  expect(await scene.searched()).toEqual([]);
  const journal = await scene.models.journal();
  expect(journal.filter(({ tools, body }) => tools.length > 0 && body.tool_choice !== "none")).toEqual([]);
  expect(journal).toHaveLength(5 * unreadable.length);
}, 30_000);

test("permissions that name a tool twice count once", async () => {
  const scene = await createToolScene();
  await scene.permit("ada", '["search","search"]');

  const { body } = await scene.post("@ada search: cats");

  expect(body.tool_calls).toMatchObject([{ status: "success" }]);
  expect((await scene.models.journal())[0]?.tools).toHaveLength(1);
});
