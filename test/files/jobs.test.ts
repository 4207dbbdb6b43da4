import { expect, test } from "vitest";
import { purgeDeleted } from "../../src/actions/purge-deleted.ts";
import { sweepFileBytes } from "../../src/actions/sweep-file-bytes.ts";
import { wakeWaitingFiles } from "../../src/actions/wake-waiting-files.ts";
import { fileKey } from "../../src/domain/files/file-store.ts";
import { createRoom, createSession, createTestApi, newUser } from "../support/api.ts";
import { connectSql } from "../support/sql.ts";
import { createTurnFixture } from "../support/turn-fixture.ts";
import { bucket, parserDeps, upload, utf8 } from "./support.ts";

const api = createTestApi();
const sql = connectSql();
const dayMs = 86_400_000;
const inDays = (days: number) => ({ ...api.deps, nowMs: () => Date.now() + days * dayMs });

async function storeFile() {
  const user = newUser();
  const roomId: string = (await createRoom(api, user)).id;
  const { body } = await upload(api, user, roomId, { name: "a.txt", bytes: utf8(crypto.randomUUID()) });
  return { user, roomId, id: body.id as string };
}

const hasBytes = async (id: string) => (await bucket.get(fileKey(id))) !== null;

test("a deleted file keeps its bytes and text for seven days, then they are deleted", async () => {
  const { user, id } = await storeFile();
  await api.as(user).delete(`/files/${id}`);
  await purgeDeleted(inDays(6));
  expect(await hasBytes(id)).toBe(true);
  await purgeDeleted(inDays(8));
  expect(await hasBytes(id)).toBe(false);
  expect(await sql`select 1 from files where id = ${id}`).toEqual([]);
});

test("a deleted room is purged after thirty days with its sessions, files and texts; others stay", async () => {
  const { user, roomId, id } = await storeFile();
  const session = await createSession(api, user, roomId);
  const other = await storeFile();
  await api.as(user).delete(`/rooms/${roomId}`);
  await purgeDeleted(inDays(31));
  expect(await hasBytes(id)).toBe(false);
  expect(await sql`select 1 from rooms where id = ${roomId}`).toEqual([]);
  expect(await sql`select 1 from sessions where id = ${session.id}`).toEqual([]);
  expect((await api.as(other.user).get(`/files/${other.id}`)).status).toBe(200);
});

test("the ledger of a purged room or session stays", async () => {
  for (const path of ["rooms", "sessions"] as const) {
    const fixture = await createTurnFixture();
    await fixture.post("@ada hello");
    const id = path === "rooms" ? fixture.roomId : fixture.sessionId;
    await fixture.api.as(fixture.owner).delete(`/${path}/${id}`);
    await purgeDeleted(inDays(31));
    expect(await sql`select 1 from sessions where id = ${fixture.sessionId}`).toEqual([]);
    const rows =
      await sql`select session_id, turn_id from llm_call_events where user_id = ${fixture.owner.userId}`;
    expect(rows).toEqual([{ session_id: null, turn_id: null }]);
  }
});

test("bytes without a row are deleted when no upload can still be running", async () => {
  const { id } = await storeFile();
  const orphan = api.deps.newId();
  await parserDeps.fileStore.put(fileKey(orphan), new Blob(["left"]).stream(), 4);
  await sweepFileBytes(api.deps);
  expect(await hasBytes(orphan)).toBe(true);
  await sweepFileBytes({ ...api.deps, nowMs: () => Date.now() + 7_200_000 });
  expect([await hasBytes(orphan), await hasBytes(id)]).toEqual([false, true]);
});

test("a file that has waited for two minutes, or whose parser is gone, is sent again", async () => {
  const waiting = await storeFile();
  const abandoned = await storeFile();
  await sql`update files set status = 'parsing', lease_until = now() - interval '1 second' where id = ${abandoned.id}`;
  const sent: string[] = [];
  const send = async ({ file_id }: { file_id: string }) => sent.push(file_id);
  const files = { ...api.deps.files, parseQueue: { send } };
  await wakeWaitingFiles({ ...api.deps, files });
  expect(sent).toContain(abandoned.id);
  expect(sent).not.toContain(waiting.id);
  await wakeWaitingFiles({ ...api.deps, files, nowMs: () => Date.now() + 121_000 });
  expect(sent).toContain(waiting.id);
});
