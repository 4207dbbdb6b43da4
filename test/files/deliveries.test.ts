import { expect, inject, test } from "vitest";
import { wakeWaitingFiles } from "../../src/actions/wake-waiting-files.ts";
import { createRoom, createTestApi, newUser } from "../support/api.ts";
import { connectSql } from "../support/sql.ts";
import { deliver, killedAt, parserDeps, upload, utf8 } from "./support.ts";

const count = inject("abuse").isLong ? 300 : 40;
const seed = inject("seed");
const api = createTestApi({ settings: { ROOM_MAX_FILES: "400" }, deps: { log: parserDeps.log } });
const sql = connectSql();

/** Numbers from 0 to 1, the same for the same seed. */
function createRandom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test(`${count} files whose messages come up to five times, in any order, while parsers are killed, have one result each`, async () => {
  const random = createRandom(seed);
  const user = newUser();
  const roomId = (await createRoom(api, user)).id as string;
  const texts = new Map<string, string[]>();
  for (let n = 0; n < count; n += 1) {
    const pages = [`# First of ${n}\n${"word ".repeat(500)}`, `# Second of ${n}\n${"word ".repeat(500)}`];
    const bytes = utf8(pages.join("\n\n"));
    const { body, status } = await upload(api, user, roomId, { name: `${n}.md`, bytes });
    expect(status).toBe(201);
    texts.set(body.id, pages);
  }
  const ids = [...texts.keys()];
  const messages = ids.flatMap((id) => Array<string>(1 + Math.floor(random() * 5)).fill(id));
  for (let last = messages.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [messages[last], messages[other]] = [messages[other] ?? "", messages[last] ?? ""];
  }
  let killed = 0;
  const kills = new Map<string, number>();
  const handle = async (id: string, isLast = false) => {
    // A job has three or four requests; one parser in ten is killed between them. A file has four attempts.
    const killsOfFile = kills.get(id) ?? 0;
    const isKilled = !isLast && random() < 0.1 && killsOfFile < 3;
    if (isKilled) killed += 1;
    if (isKilled) kills.set(id, killsOfFile + 1);
    const deps = isKilled ? killedAt(1 + Math.floor(random() * 4)) : parserDeps;
    await deliver(id, { deps });
  };
  while (messages.length > 0) await Promise.all(messages.splice(0, 8).map((id) => handle(id)));
  expect(killed).toBeGreaterThan(0);

  for (let sweep = 1; sweep <= 10; sweep += 1) {
    // The time after which the job of every minute takes a file for forgotten.
    await sql`update files set lease_until = now() - interval '1 second', pending_since = now() - interval '1 hour'
      where room_id = ${roomId} and status in ('pending', 'parsing')`;
    const woken: string[] = [];
    const send = async ({ file_id }: { file_id: string }) => {
      woken.push(file_id);
    };
    const files = { ...api.deps.files, parseQueue: { send } };
    await wakeWaitingFiles({ ...api.deps, files });
    const ours = woken.filter((id) => texts.has(id));
    for (const id of ours) await handle(id, sweep > 2);
    if (ours.length === 0) break;
  }

  const rows = await sql`select id, status, ready_attempt from files where room_id = ${roomId}`;
  expect(rows.filter(({ status }) => status !== "ready")).toEqual([]);
  const pages = await sql`select p.file_id, p.attempt, p.page, p.text, f.ready_attempt from file_pages p
    join files f on f.id = p.file_id where f.room_id = ${roomId} order by p.page`;
  for (const id of ids) {
    const ofFile = pages.filter(({ file_id }) => file_id === id);
    expect(ofFile.every(({ attempt, ready_attempt }) => attempt === ready_attempt)).toBe(true);
    const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");
    expect(words(ofFile.map(({ text }) => text).join("\n"))).toEqual(words(texts.get(id)?.join("\n") ?? ""));
  }
}, 600_000);
