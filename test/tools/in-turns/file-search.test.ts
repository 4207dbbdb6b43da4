import { describe, expect, test } from "vitest";
import { says } from "../../support/turn-fixture.ts";
import { createFileFixture, type FileFixture, words } from "./file-fixture.ts";
import { calls } from "./tool-fixture.ts";

type Passage = { file_id: string; name: string; page: number; text: string };

/** Lets ada search once. @returns what she was told, and the recorded call. */
async function search(fixture: FileFixture, args: object) {
  await fixture.models.script(
    says("ada", calls("file_search", JSON.stringify(args)), 1),
    says("ada", "Done.", 2),
  );
  const { body } = await fixture.post("@ada search the files");
  expect(body).toMatchObject({ status: "completed" });
  const [told] = await fixture.told(2);
  return { told, passages: (told.passages ?? []) as Passage[], call: body.tool_calls[0] };
}

const filler = words(300, "filler");

describe("an agent that searches the files of its room", () => {
  test("finds passages with file and page, the page with most and rarest words first", async () => {
    const fixture = await createFileFixture();
    const plan = await fixture.addFile(
      ["The price of the plan.", `${filler} The notice period is three months. ${filler}`, filler],
      { name: "plan.pdf" },
    );
    const other = await fixture.addFile(["A period of time."], { name: "other.pdf" });

    const { passages, call } = await search(fixture, { query: "What is the notice period?" });

    expect(passages.map(({ file_id, page }) => [file_id, page])).toEqual([
      [plan, 2],
      [other, 1],
    ]);
    expect(passages[0]).toMatchObject({
      name: "plan.pdf",
      text: expect.stringContaining("notice period is three"),
    });
    expect(passages[0]?.text.length).toBeLessThanOrEqual(320);
    expect(call).toMatchObject({
      tool_name: "file_search",
      status: "success",
      input: { query: "What is the notice period?", file_ids: null },
      output: {
        results: 2,
        files: [
          { file_id: plan, pages: [2] },
          { file_id: other, pages: [1] },
        ],
        tokens: expect.any(Number),
      },
    });
  });

  test("gets eight passages of 320 characters at most", async () => {
    const fixture = await createFileFixture();
    await fixture.addFile(Array.from({ length: 20 }, () => `${filler} budget ${filler}`));
    const { passages } = await search(fixture, { query: "budget" });
    expect(passages).toHaveLength(8);
    for (const { text } of passages) {
      expect(text.length).toBeLessThanOrEqual(320);
      expect(text).toContain("budget");
    }
  });

  test.each([
    ["a part of an identifier", "Order INV-2024-00317-B was paid.", "24-00317"],
    ["Japanese without blanks", "本契約の解約通知期間は三十日とする。", "通知期間"],
    ["Chinese without blanks", "本合同的违约金为百分之五。", "违约金"],
    ["the beginning of a word", "The Donaudampfschifffahrt ended.", "Donaudampf"],
    ["other case", "HANDBUCHSEITE", "handbuchs"],
    ["per cent signs and underscores as they are", "a 100%_b rate", "0%_b"],
  ])("finds %s as it is written", async (_what, text, query) => {
    const fixture = await createFileFixture();
    const id = await fixture.addFile(["nothing here", text, "100x_c 24000317"]);
    const { passages } = await search(fixture, { query });
    expect(passages).toMatchObject([{ file_id: id, page: 2, text }]);
  });

  test.each(["'; drop table files; --", "\\ ' \" | & ! ( ) :* <->", "a\\'b", "\u{1F680}", "the of and"])(
    "may search for %j",
    async (query) => {
      const fixture = await createFileFixture();
      await fixture.addFile(["Nothing of it is here: only words."]);
      expect((await search(fixture, { query })).call).toMatchObject({ status: "success" });
    },
  );

  test("finds what is there, in the files that it names and in no other", async () => {
    const fixture = await createFileFixture();
    const one = await fixture.addFile(["apple one"]);
    await fixture.addFile(["apple two"]);
    const { passages } = await search(fixture, { query: "apple", file_ids: [one] });
    expect(passages.map(({ text }) => text)).toEqual(["apple one"]);
  });

  test("gets an empty result where nothing is found, and in a room without files", async () => {
    const fixture = await createFileFixture();
    expect(await search(fixture, { query: "apple" })).toMatchObject({
      told: { passages: [] },
      call: { status: "success", output: { results: 0, files: [], tokens: 0 } },
    });
  });

  test("does not find files that are not ready, nor the pages of an attempt that did not finish", async () => {
    const fixture = await createFileFixture();
    await fixture.addFile(["apple pending"], { status: "pending" });
    await fixture.addFile(["apple failed"], { status: "failed", errorCode: "file_unreadable" });
    const id = await fixture.addFile(["apple ready"]);
    await fixture.sql`insert into file_pages (file_id, attempt, page, text, tokens) values (${id}, 2, 1, 'apple new', 2)`;
    expect((await search(fixture, { query: "apple" })).passages.map(({ text }) => text)).toEqual([
      "apple ready",
    ]);
  });

  test.each([
    ["without a query", {}],
    ["with a blank query", { query: " \u200b" }],
    ["with a number", { query: 7 }],
    ["with too many files", { query: "x", file_ids: Array(21).fill("x") }],
    ["with files that are no texts", { query: "x", file_ids: [1] }],
  ])("is told what is wrong with arguments %s", async (_how, args) => {
    const fixture = await createFileFixture();
    expect((await search(fixture, args)).call).toMatchObject({ output: { error: "invalid_arguments" } });
  });
});
