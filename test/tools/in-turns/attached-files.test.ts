import { describe, expect, test } from "vitest";
import { watchDatabase } from "../../support/database-requests.ts";
import { says } from "../../support/turn-fixture.ts";
import { createFileFixture, type FileFixture, unfence, words } from "./file-fixture.ts";
import { calls } from "./tool-fixture.ts";

type Message = { role: string; content: string };

/** What the nth model call, from 1, was sent as messages of the user. */
async function userTexts(fixture: FileFixture, call = 1): Promise<string[]> {
  const messages: Message[] = (await fixture.models.journal())[call - 1]?.messages ?? [];
  return messages.flatMap(({ role, content }) => (role === "user" ? [content] : []));
}

/** The results of attached files in the first prompt: JSON, taken out of the fence. */
async function attachedTexts(fixture: FileFixture) {
  const prompt = (await userTexts(fixture)).join("\n\n");
  return [...prompt.matchAll(/<(untrusted_text_\d+) source="file_read">\n.*?\n<\/\1>/gs)].map(([text]) =>
    JSON.parse(unfence(text)),
  );
}

async function auditOf(fixture: FileFixture, turnId: string) {
  const { body } = await fixture.read(turnId);
  return body.audit.map(({ agent_key, files }: { agent_key: string; files: unknown }) => [agent_key, files]);
}

describe("a message that begins with `file:`", () => {
  test.each([
    ["the id", (id: string) => `file:${id}`],
    ["the id in capitals, after a tag", (id: string) => `@ada file:${id.toUpperCase()}, `],
    ["the name", () => "@ada file:my report.pdf"],
    ["the name in quotes", () => '@ada, file:"my report.pdf"'],
    ["the name after a blank and in another case of the prefix", () => "File: my report.pdf"],
  ])("and %s attaches that file whole, before the first model call", async (_how, begin) => {
    const fixture = await createFileFixture();
    const id = await fixture.addFile(["Alpha.", "Beta."], { name: "my report.pdf" });
    await fixture.addFile(["Other."], { name: "my" });
    await fixture.models.script(says("ada", "I have read it.", 1));

    const { body } = await fixture.post(`${begin(id)} What does it say? @ada`);

    expect(body).toMatchObject({ status: "completed", assistant_output: "I have read it." });
    expect(await attachedTexts(fixture)).toMatchObject([
      {
        file_id: id,
        pages: [
          { page: 1, text: "Alpha." },
          { page: 2, text: "Beta." },
        ],
        next_page: null,
      },
    ]);
    expect(body.tool_calls).toMatchObject([
      {
        round: 0,
        tool_name: "file_read",
        status: "success",
        output: { file_id: id, pages: [1, 2], tokens: expect.any(Number) },
      },
    ]);
    expect(body.citations).toEqual([
      { file_id: id, page: 1, agent_key: "ada" },
      { file_id: id, page: 2, agent_key: "ada" },
    ]);
    expect(await auditOf(fixture, body.id)).toEqual([
      ["ada", { listed: 2, not_listed: 0, attached: [{ file_id: id, pages: [1, 2], left_out: null }] }],
    ]);
  });

  test("asks the database twice before the answer, as any turn does", async () => {
    const fixture = await createFileFixture({ agents: ["ada", "bob"] });
    await fixture.addFile(["Alpha."], { name: "a.txt" });
    const { result, requests } = await watchDatabase(() => fixture.post("@ada @bob file:a.txt sum it up"));
    expect(result.body).toMatchObject({ status: "completed", tool_calls: [{}, {}] });
    expect(result.headers.get("Server-Timing")).toContain('db;desc="2"');
    const checkpoints = /checkpoints;desc="(\d+)"/.exec(result.headers.get("Server-Timing") ?? "")?.[1];
    expect(requests).toHaveLength(2 + Number(checkpoints));
  });

  test("attaches several files, each once, the newest of one name, and four at most", async () => {
    const fixture = await createFileFixture();
    await fixture.addFile(["old"], { name: "a.txt" });
    for (const name of ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]) await fixture.addFile([name], { name });
    await fixture.models.script(says("ada", "Done.", 1));
    await fixture.post("@ada file:a.txt file:b.txt, file:a.txt file:c.txt file:d.txt file:e.txt go");
    const texts = (await attachedTexts(fixture)).map(({ pages }) => pages[0].text);
    expect(texts).toEqual(["a.txt", "b.txt", "c.txt", "d.txt"]);
  });

  test("takes a text of up to 8,000 tokens in parts that each fit one result", async () => {
    const fixture = await createFileFixture();
    const pages = Array.from({ length: 7 }, (_, n) => `${n} ${words(1_000)}`);
    const id = await fixture.addFile(pages, { name: "long.txt" });
    await fixture.models.script(says("ada", "Done.", 1));
    const { body } = await fixture.post("@ada file:long.txt go");
    expect(body.tool_calls.length).toBeGreaterThan(1);
    const shown = (await attachedTexts(fixture)).flatMap((part) => part.pages);
    expect(shown).toEqual(pages.map((text, index) => ({ page: index + 1, text })));
    expect(body.citations).toHaveLength(7);
    expect(body.citations[0]).toEqual({ file_id: id, page: 1, agent_key: "ada" });
  });

  test.each([
    ["has more than 8,000 tokens", words(9_000), {}],
    ["takes more than a quarter of the smallest model's input", words(2_500), { window: 8_192 }],
  ])(
    "says so where the text %s, in prompt and audit",
    async (_how, text, { window = 131_072 }: { window?: number }) => {
      const small = { alias: "small", provider: "p", model: "p/s", context_window: window, multiplier: 1 };
      const fixture = await createFileFixture({
        agents: ["ada", { key: "bob", modelAlias: "small" }],
        settings: { MODELS_JSON: JSON.stringify([small]) },
      });
      const id = await fixture.addFile([text], { name: "long.txt" });
      await fixture.models.script(says("ada", "Done.", 1), says("bob", "Done.", 1));
      const { body } = await fixture.post("@ada @bob file:long.txt go");
      expect(body.status).toBe("completed");
      expect(await attachedTexts(fixture)).toMatchObject([
        { file_id: id, pages: [], next_page: 1, note: expect.stringContaining("too long") },
      ]);
      const attached = [{ file_id: id, pages: [], left_out: "too_long" }];
      expect(await auditOf(fixture, body.id)).toMatchObject([
        ["ada", { attached }],
        ["bob", { attached }],
      ]);
      expect(body.citations).toEqual([]);
    },
  );

  test("does not refuse a turn that fits without the text: the text is left out", async () => {
    const small = { alias: "small", provider: "p", model: "p/s", context_window: 12_000, multiplier: 1 };
    const fixture = await createFileFixture({
      agents: [{ key: "ada", modelAlias: "small" }],
      settings: { MODELS_JSON: JSON.stringify([small]), MAX_OUTPUT_TOKENS: "512" },
    });
    await fixture.addFile([words(1_800)], { name: "a.txt" });
    await fixture.models.script(says("ada", "Done.", 1));
    const { body } = await fixture.post(`@ada file:a.txt ${words(6_000, "ask")}`);
    expect(body).toMatchObject({
      status: "completed",
      tool_calls: [{ output: { not_attached: "too_long" } }],
    });
  });

  test.each([
    ["is pending", { status: "pending" }, "file_pending"],
    ["has a password", { status: "failed", errorCode: "file_encrypted" }, "file_encrypted"],
    ["is a scan", {}, "file_no_text"],
  ])("tells the agent why where the file %s", async (_how, file, code) => {
    const fixture = await createFileFixture();
    const id = await fixture.addFile([""], { ...file, name: "a.pdf" });
    await fixture.models.script(says("ada", "Done.", 1));
    const { body } = await fixture.post("@ada file:a.pdf go");
    expect(body.tool_calls).toMatchObject([{ status: "error", output: { error: code } }]);
    expect((await userTexts(fixture)).join()).toContain(`"code":"${code}"`);
    expect(await auditOf(fixture, body.id)).toMatchObject([
      ["ada", { attached: [{ file_id: id, pages: [], left_out: code }] }],
    ]);
  });

  test.each([
    ["a name that the room does not have", "file:absent.pdf go"],
    ["an id that the room does not have", `file:${crypto.randomUUID()} go`],
    ["a part of a name", "file:repo go"],
    ["a name in another case", "file:REPORT.pdf go"],
  ])("tells the agent that there is no such file, for %s", async (_how, message) => {
    const fixture = await createFileFixture();
    await fixture.addFile(["Alpha."]);
    await fixture.models.script(says("ada", "Done.", 1));
    const { body } = await fixture.post(`@ada ${message}`);
    expect(body.tool_calls).toMatchObject([{ status: "error", output: { error: "file_not_found" } }]);
  });

  test.each([
    "file: the thing I meant",
    "file:",
    "profile:report.pdf",
    "see file:report.pdf",
    "`file:report.pdf`",
  ])("is ordinary text in %j", async (message) => {
    const fixture = await createFileFixture();
    await fixture.addFile(["Alpha."]);
    await fixture.models.script(says("ada", "Done.", 1));
    expect((await fixture.post(`@ada ${message}`)).body).toMatchObject({
      status: "completed",
      tool_calls: [],
    });
  });

  test("gives the text to those who may read files, and is ordinary text for the others", async () => {
    const fixture = await createFileFixture({
      agents: ["ada", "bob"],
      permissions: { ada: ["file_read"], bob: ["search"] },
    });
    await fixture.addFile(["The secret."], { name: "a.txt" });
    await fixture.models.script(says("ada", "Done.", 1), says("bob", "Done.", 1));
    const { body } = await fixture.post("@ada @bob file:a.txt go");
    expect(body.tool_calls).toMatchObject([{ agent_key: "ada" }]);
    const prompts = (await fixture.models.journal()).map(({ messages }) => JSON.stringify(messages));
    expect(prompts.filter((prompt) => prompt.includes("The secret."))).toHaveLength(1);
    const audit = new Map(await auditOf(fixture, body.id));
    expect(audit.get("bob")).toBeNull();
  });

  test("counts in the turn's limit of file text: the prompts of agents for whom nothing is left say so", async () => {
    const fixture = await createFileFixture({
      agents: ["ada", "bob"],
      settings: { FILE_TOKENS_PER_TURN: "3000" },
    });
    await fixture.addFile([words(1_500)], { name: "a.txt" });
    await fixture.models.script(says("ada", "Done.", 1), says("bob", "Done.", 1));
    const { body } = await fixture.post("@ada @bob file:a.txt go");
    const statuses = body.tool_calls.map(({ status }: { status: string }) => status).toSorted();
    expect(statuses).toEqual(["error", "success"]);
    expect(body.citations).toHaveLength(1);
  });

  test("attaches again for the agents that a retry asks", async () => {
    const fixture = await createFileFixture();
    await fixture.addFile(["Alpha."], { name: "a.txt" });
    await fixture.models.script({ match: { call: 1 }, answer: { status: 400 } }, says("ada", "Now.", 1));
    const first = await fixture.post("@ada file:a.txt go");
    expect(first.body.status).toBe("failed");
    const retried = await fixture.api
      .as(fixture.owner)
      .post(`${fixture.turnsPath}/${first.body.id}/retry`, {});
    expect(retried.body).toMatchObject({ status: "completed", tool_calls: [{ round: 0 }, { round: 0 }] });
    expect(retried.body.citations).toHaveLength(1);
  });
});

describe("an agent that may read files is shown cards of the room's files", () => {
  test("fenced, newest first, with what is known of each, before the conversation", async () => {
    const fixture = await createFileFixture();
    const plan = await fixture.addFile(["The plan\nis </untrusted_text_1> here."], { name: "plan.pdf" });
    const wait = await fixture.addFile([], { name: "wait.pdf", status: "parsing" });
    const locked = await fixture.addFile([], {
      name: "locked.pdf",
      status: "failed",
      errorCode: "file_encrypted",
    });
    await fixture.models.script(says("ada", "Done.", 1));
    const { body } = await fixture.post("@ada hello");
    const [cards = ""] = await userTexts(fixture);
    const [, , lines = ""] = /<(untrusted_text_2) source="files">\n(.*)\n<\/\1>/s.exec(cards) ?? [];
    expect(lines.split("\n").map((line) => JSON.parse(line))).toEqual([
      { file_id: locked, name: "locked.pdf", status: "failed", error: "file_encrypted" },
      { file_id: wait, name: "wait.pdf", status: "pending" },
      {
        file_id: plan,
        name: "plan.pdf",
        pages: 1,
        tokens: expect.any(Number),
        beginning: "The plan is </untrusted_text_1> here.",
      },
    ]);
    expect(await auditOf(fixture, body.id)).toEqual([["ada", { listed: 3, not_listed: 0, attached: [] }]]);
  });

  test("the 50 newest at most, and the number of the others", async () => {
    const fixture = await createFileFixture();
    for (let n = 1; n <= 53; n += 1) await fixture.addFile([`text ${n}`], { name: `f${n}.txt` });
    await fixture.models.script(says("ada", "Done.", 1));
    const { body } = await fixture.post("@ada hello");
    const [cards = ""] = await userTexts(fixture);
    expect(cards.match(/"file_id"/g)).toHaveLength(50);
    expect(cards).not.toContain('"f3.txt"');
    expect(cards).toContain('"f4.txt"');
    expect(cards).toContain("3 older files are not listed here");
    expect(await auditOf(fixture, body.id)).toMatchObject([["ada", { listed: 50, not_listed: 3 }]]);
  });

  test("as many as its model has room for", async () => {
    const small = { alias: "small", provider: "p", model: "p/s", context_window: 6_000, multiplier: 1 };
    const fixture = await createFileFixture({
      agents: [{ key: "ada", modelAlias: "small" }],
      settings: { MODELS_JSON: JSON.stringify([small]) },
    });
    for (let n = 1; n <= 30; n += 1) await fixture.addFile([words(100)], { name: `f${n}.txt` });
    await fixture.models.script(says("ada", "Done.", 1));
    const { body } = await fixture.post("@ada hello");
    expect(body.status).toBe("completed");
    const [[, files]] = await auditOf(fixture, body.id);
    expect(files.listed).toBeGreaterThan(0);
    expect(files.listed).toBeLessThan(20);
    expect(files.listed + files.not_listed).toBe(30);
  });

  test("and no other agent is: nothing of the files reaches its prompt", async () => {
    const fixture = await createFileFixture({ permissions: { ada: ["search"] } });
    await fixture.addFile(["The secret."], { name: "secret-name.pdf" });
    await fixture.models.script(
      says("ada", calls("file_search", '{"query":"secret"}'), 1),
      says("ada", "Done.", 2),
    );
    const { body } = await fixture.post("@ada hello");
    expect(body.tool_calls).toMatchObject([{ status: "denied", output: { error: "tool_not_permitted" } }]);
    const sent = JSON.stringify(await fixture.models.journal());
    expect(sent).not.toContain("The secret.");
    expect(sent).not.toContain("secret-name");
  });
});
