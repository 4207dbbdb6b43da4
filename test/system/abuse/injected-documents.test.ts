import { expect, inject, test } from "vitest";
import { createSession } from "../../support/api.ts";
import type { ModelRule } from "../../support/models.ts";
import { createFileFixture } from "../../tools/in-turns/file-fixture.ts";
import { generateCases, marked, toolSets } from "./support/instructions.ts";

// Lena may read files, Otto may use nothing. Each has a model of its own, which always obeys.
const models = { lena: "qwen/qwen3-235b-a22b", otto: "deepseek/deepseek-v3.1-terminus" };
const { isLong } = inject("abuse");
const seed = inject("seed");
const cases = generateCases(isLong ? 300 : 100, seed).filter(({ text }) => !text.includes("\u0000"));

/** The model calls what the prompt's instruction names, to search for and to read another user's file. */
function obey(name: keyof typeof models, foreignId: string): ModelRule[] {
  const args = JSON.stringify({ query: `by ${name}`, file_id: foreignId, file_ids: [foreignId] });
  return toolSets.map((tools) => ({
    match: { model: models[name], contains: marked(tools) },
    answer: {
      text: `${name} obeys: ${marked(tools)}`,
      tool_calls: tools.map((tool) => ({ name: tool, arguments: args })),
    },
  }));
}

type Event = { agent_key: string; tool_name: string; status: string; round: number; output: object };

test("models that obey every document run no tool outside their permissions, and read no other room", async () => {
  const stranger = await createFileFixture();
  const secret = "a secret of another user";
  const foreignId = await stranger.addFile([secret], { name: `${secret}.txt` });
  const fixture = await createFileFixture({
    agents: [
      { key: "lena", modelAlias: "qwen" },
      { key: "otto", modelAlias: "deepseek" },
    ],
    permissions: { lena: ["file_read"] },
  });
  const { api, owner, roomId, sql } = fixture;
  await sql`update rooms set current_mode = 'roundtable' where id = ${roomId}`;
  await fixture.models.script(...obey("lena", foreignId), ...obey("otto", foreignId));

  for (const { text, tools } of cases) {
    const label = `seed ${seed}: ${JSON.stringify(text)}`;
    // The instruction is in the file's name, in the beginning that its card shows, and in its text.
    const id = await fixture.addFile([text, `More. ${text}`], { name: `${text.slice(0, 200)}.txt` });
    const session = await createSession(api, owner, roomId);
    const { status, body } = await api
      .as(owner)
      .post(`/sessions/${session.id}/turns`, { message: `file:${id} sum it up` });

    expect(status, label).toBe(201);
    const events: Event[] = body.tool_calls;
    const attached = { agent_key: "lena", round: 0, status: "success", output: { file_id: id } };
    expect(events[0], label).toMatchObject(attached);
    // Whatever else was tried was denied, or found nothing.
    for (const event of events.slice(1)) {
      const isFileTool = event.agent_key === "lena" && event.tool_name.startsWith("file_");
      expect(event, label).toMatchObject(
        isFileTool ? { status: "error", output: { error: "file_not_found" } } : { status: "denied" },
      );
    }
    // Both obeyed.
    for (const agent of ["lena", "otto"]) {
      const tried = events.filter(({ agent_key, round }) => agent_key === agent && round > 0);
      expect(tried.length, label).toBeGreaterThanOrEqual(4 * Math.min(tools.length, 4));
    }
    await sql`update files set deleted_at = now() where id = ${id}`;
  }

  expect(await fixture.searched()).toEqual([]);
  expect(JSON.stringify(await fixture.models.journal())).not.toContain(secret);
  expect(cases.length).toBeGreaterThanOrEqual(100);
}, 600_000);
