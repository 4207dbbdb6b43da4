import { describe, expect, inject, test } from "vitest";
import { createDb } from "../../../src/db/core/client.ts";
import { createFileLibrary } from "../../../src/db/files/file-library.ts";
import type { RunIdentity } from "../../../src/domain/run-identity.ts";
import { says } from "../../support/turn-fixture.ts";
import { createFileFixture, type FileFixture, words } from "./file-fixture.ts";
import { calls } from "./tool-fixture.ts";

const read = (id: string) => calls("file_read", JSON.stringify({ file_id: id }));
const search = (args: object) => calls("file_search", JSON.stringify(args));

/** A file that the fixture's run must not find, in each of the ways in which it can be none of its room's. */
const foreign: [string, (fixture: FileFixture) => Promise<string>][] = [
  [
    "another user's file",
    async () => {
      const stranger = await createFileFixture();
      return stranger.addFile(["The secret text."], { name: "secret-name.pdf" });
    },
  ],
  [
    "a file of another room of the same user",
    async (fixture) => {
      const { sql, owner } = fixture;
      const roomId = crypto.randomUUID();
      await sql`insert into rooms (id, owner_user_id, name, current_mode, created_at, updated_at)
        values (${roomId}, ${owner.userId}, 'Other', 'tag', now(), now())`;
      return fixture.addFile(["The secret text."], { name: "secret-name.pdf", roomId });
    },
  ],
  [
    "a deleted file",
    async (fixture) => {
      const id = await fixture.addFile(["The secret text."], { name: "secret-name.pdf" });
      expect((await fixture.api.as(fixture.owner).delete(`/files/${id}`)).status).toBe(204);
      return id;
    },
  ],
];

/** What a turn gave and was sent, without ids and times of its own. */
async function tell(fixture: FileFixture, message: string, id: string) {
  await fixture.models.script(
    says("ada", read(id), 1),
    says("ada", search({ query: "secret", file_ids: [id] }), 2),
    says("ada", search({ query: "secret text" }), 3),
    says("ada", "Done.", 4),
  );
  const { body } = await fixture.post(message);
  expect(body).toMatchObject({ status: "completed", assistant_output: "Done.", citations: [] });
  const prompts = (await fixture.models.journal()).map(({ messages }) => JSON.stringify(messages));
  const events = body.tool_calls.map(({ tool_name, status, output }: Record<string, unknown>) => [
    tool_name,
    status,
    output,
  ]);
  return { events, told: await fixture.told(4), prompts: prompts.map((text) => text.replaceAll(id, "ID")) };
}

describe.each(foreign)("%s", (_which, addForeign) => {
  test.each([
    ["its id", (id: string) => `@ada file:${id} go`],
    ["its name", () => "@ada file:secret-name.pdf go"],
  ])(
    "is to both tools, and attached by %s, as one that never was: nothing of it is shown",
    async (_how, begin) => {
      const fixture = await createFileFixture();
      const id = await addForeign(fixture);
      const nothing = await createFileFixture();
      const absent = crypto.randomUUID();

      const result = await tell(fixture, begin(id), id);
      const expected = await tell(nothing, begin(absent), absent);

      expect(result.events).toEqual(expected.events);
      expect(result.events).toEqual([
        ["file_read", "error", { error: "file_not_found" }],
        ["file_read", "error", { error: "file_not_found" }],
        ["file_search", "error", { error: "file_not_found" }],
        ["file_search", "success", { results: 0, files: [], tokens: 0 }],
      ]);
      const withoutIds = (text: string) => text.replaceAll(/trigger-[0-9a-f-]+|call[\w-]*/g, "CALL");
      expect(result.prompts.map(withoutIds).map((text) => text.replaceAll(id, "ID"))).toEqual(
        expected.prompts.map(withoutIds).map((text) => text.replaceAll(absent, "ID")),
      );
      expect(result.prompts.join()).not.toContain("The secret text.");
    },
  );
});

test("a run that names another user, room or session than its own finds no file", async () => {
  const fixture = await createFileFixture();
  const other = await createFileFixture();
  const fileId = await fixture.addFile(["The secret text."]);
  const library = createFileLibrary(createDb(inject("databaseUrl"), inject("neonEndpoint")));
  const { roomId, sessionId, owner } = fixture;
  const own = { userId: owner.userId, roomId, sessionId };
  const find = async (run: RunIdentity) => {
    const reading = await library.readPages(run, { fileId, from: 1, to: 1, maxTokens: 1_000 });
    const { files, found } = await library.search(run, { query: "secret", fileIds: [fileId], maxPages: 8 });
    return [reading?.pages.length ?? 0, files.length, found.length];
  };
  expect(await find(own)).toEqual([1, 1, 1]);
  const foreign = { userId: other.owner.userId, roomId: other.roomId, sessionId: other.sessionId };
  for (const [name, value] of Object.entries(foreign)) {
    expect(await find({ ...own, [name]: value }), name).toEqual([0, 0, 0]);
  }
  await fixture.sql`update sessions set deleted_at = now() where id = ${sessionId}`;
  expect(await find(own)).toEqual([0, 0, 0]);
});

test.each([
  ["the file", (fixture: FileFixture, id: string) => fixture.api.as(fixture.owner).delete(`/files/${id}`)],
  ["the room", (fixture: FileFixture) => fixture.api.as(fixture.owner).delete(`/rooms/${fixture.roomId}`)],
])("a file whose card an agent has seen is not found once %s is deleted", async (_what, remove) => {
  const fixture = await createFileFixture();
  const id = await fixture.addFile([words(100), "The secret text."]);
  await fixture.models.script(says("ada", { ...read(id), hold: "deleted" }, 1), says("ada", "Done.", 2));
  const turn = fixture.post("@ada read it");
  while ((await fixture.models.journal()).length === 0) await scheduler.wait(5);
  expect((await remove(fixture, id)).status).toBe(204);
  await fixture.models.release("deleted");
  await turn;
  const [, second] = await fixture.models.journal();
  expect(JSON.stringify(second?.messages)).toContain("file_not_found");
  const sent = JSON.stringify(await fixture.models.journal());
  expect(sent.includes("The secret text.")).toBe(false);
});
