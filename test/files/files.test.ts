import { describe, expect, test } from "vitest";
import { wakeWaitingFiles } from "../../src/actions/wake-waiting-files.ts";
import { makeEncryptedOffice, makePdf } from "../parse/support/documents.ts";
import { createRoom, createTestApi, mintToken, newUser, type TestUser } from "../support/api.ts";
import { losingAnswers, watchDatabase } from "../support/database-requests.ts";
import { connectSql } from "../support/sql.ts";
import { bucket, deliver, killedAt, parserDeps, upload, utf8 } from "./support.ts";

const api = createTestApi();

async function startRoom() {
  const user = newUser();
  return { user, roomId: (await createRoom(api, user)).id as string };
}

async function listObjects(): Promise<Set<string>> {
  const { objects } = await bucket.list({ prefix: "files/" });
  return new Set(objects.map(({ key }) => key));
}

describe("a file", () => {
  test("is uploaded, parsed, read page by page, downloaded and deleted", async () => {
    const { user, roomId } = await startRoom();
    const bytes = await makePdf(["Alpha", "Beta"]);
    const uploaded = await upload(api, user, roomId, { name: "report.pdf", bytes });
    expect(uploaded).toMatchObject({
      status: 201,
      body: {
        room_id: roomId,
        name: "report.pdf",
        media_type: "application/pdf",
        bytes: bytes.length,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        status: "pending",
        page_count: null,
        error: null,
      },
    });
    const path = `/files/${uploaded.body.id}`;
    expect((await api.as(user).get(`${path}/pages`)).body).toEqual({ data: [], has_more: false });

    expect((await deliver(uploaded.body.id)).explicitAcks).toHaveLength(1);
    expect((await api.as(user).get(path)).body).toMatchObject({
      status: "ready",
      page_count: 2,
      pages_read: 2,
      truncated: false,
      no_text: false,
      preview: "Alpha\nBeta",
    });
    expect((await api.as(user).get(`${path}/pages?from=2&to=2`)).body).toEqual({
      data: [{ page: 2, text: "Beta", tokens: expect.any(Number) }],
      has_more: false,
    });
    expect((await api.as(user).get(`${path}/pages?to=1`)).body).toMatchObject({ has_more: true });

    const listed = (await api.as(user).get(`/rooms/${roomId}/files`)).body;
    expect(listed.data.map(({ id }: { id: string }) => id)).toEqual([uploaded.body.id]);
    expect(await api.as(user).delete(path)).toMatchObject({ status: 204 });
    for (const gone of [path, `${path}/pages`, `${path}/content`]) {
      expect(await api.as(user).get(gone)).toMatchObject({ status: 404 });
    }
    expect((await api.as(user).get(`/rooms/${roomId}/files`)).body.data).toEqual([]);
  });

  test("is downloaded unchanged, whole or in part, as an attachment that no browser runs", async () => {
    const { user, roomId } = await startRoom();
    const bytes = utf8("<script>alert(1)</script>");
    const { body } = await upload(api, user, roomId, { name: 'ev"il\u00e9.html', bytes });
    const get = async (headers: Record<string, string>) =>
      api.request(`/api/v1/files/${body.id}/content`, {
        headers: { Authorization: `Bearer ${await mintToken({ sub: user.userId })}`, ...headers },
      });
    const whole = await get({});
    expect(whole.status).toBe(200);
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(bytes);
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
      "content-disposition": `attachment; filename="ev_il_.html"; filename*=UTF-8''ev%22il%C3%A9.html`,
      "content-length": String(bytes.length),
    });
    const part = await get({ Range: "bytes=8-15" });
    expect([part.status, await part.text(), part.headers.get("Content-Range")]).toEqual([
      206,
      "alert(1)",
      `bytes 8-15/${bytes.length}`,
    ]);
    const end = await get({ Range: "bytes=-9" });
    expect([end.status, await end.text()]).toEqual([206, "</script>"]);
    const beyond = await get({ Range: "bytes=999-" });
    expect([beyond.status, beyond.headers.get("Content-Range")]).toEqual([416, `bytes */${bytes.length}`]);
    await beyond.body?.cancel();
    const odd = await get({ Range: "bytes=5-2" });
    expect([odd.status, (await odd.arrayBuffer()).byteLength]).toEqual([200, bytes.length]);
  });

  async function uploadForm(parts: Record<string, File | string>, through = api) {
    const { user, roomId } = await startRoom();
    const form = new FormData();
    for (const [name, part] of Object.entries(parts)) form.set(name, part);
    const request = new Request("http://localhost/", { method: "POST", body: form });
    const bytes = new Uint8Array(await request.arrayBuffer());
    return through.send("POST", `/rooms/${roomId}/files`, {
      headers: {
        "Content-Type": request.headers.get("Content-Type") ?? "",
        Authorization: `Bearer ${await mintToken({ sub: user.userId })}`,
        "Content-Length": String(bytes.length),
      },
      body: bytes,
    });
  }

  test("is uploaded as a form too, under the name in the form", async () => {
    expect(await uploadForm({ file: new File(["a,b\n1,2"], "table.csv") })).toMatchObject({
      status: 201,
      body: { name: "table.csv", media_type: "text/csv", bytes: 7 },
    });
  });

  test("has 1 MiB in a form at most, and no more than any other file", async () => {
    const text = (bytes: number) => ({ file: new File(["x".repeat(bytes)], "a.txt") });
    const small = createTestApi({ settings: { FILE_MAX_BYTES: "1000" } });
    expect(await uploadForm(text(1_048_576))).toMatchObject({ status: 201, body: { bytes: 1_048_576 } });
    expect((await uploadForm(text(1_000), small)).status).toBe(201);
    for (const refused of [
      await uploadForm(text(1_048_577)),
      await uploadForm(text(2_000_000)),
      await uploadForm(text(1_001), small),
    ]) {
      expect(refused).toMatchObject({
        status: 413,
        body: { code: "payload_too_large", detail: expect.stringContaining("POST …/files?name=") },
      });
    }
  });

  test.each([
    ["no part `file`", { other: new File(["x"], "a.txt") }],
    ["a text instead of a file", { file: "x" }],
    ["a second part", { file: new File(["x"], "a.txt"), more: "x" }],
  ])("is not taken from a form with %s", async (_what, parts) => {
    expect(await uploadForm(parts)).toMatchObject({ status: 422, body: { code: "validation_failed" } });
  });
});

describe("a second upload", () => {
  test("of the same bytes, or under the same key, stores nothing and returns the first file", async () => {
    const { user, roomId } = await startRoom();
    const first = await upload(api, user, roomId, {
      name: "a.txt",
      bytes: utf8("one"),
      headers: { "Idempotency-Key": "k" },
    });
    const before = await listObjects();
    const again = await upload(api, user, roomId, { name: "b.txt", bytes: utf8("one") });
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    const keyed = await upload(api, user, roomId, {
      name: "a.txt",
      bytes: utf8("one"),
      headers: { "Idempotency-Key": "k" },
    });
    expect(keyed.body.id).toBe(first.body.id);
    const reused = await upload(api, user, roomId, {
      name: "a.txt",
      bytes: utf8("two"),
      headers: { "Idempotency-Key": "k" },
    });
    expect(reused).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
    expect(await listObjects()).toEqual(before);
  });

  test("of the same bytes at the same time stores one file", async () => {
    const { user, roomId } = await startRoom();
    const uploads = await Promise.all(
      Array.from({ length: 6 }, () => upload(api, user, roomId, { name: "a.txt", bytes: utf8("at once") })),
    );
    expect(uploads.map(({ status }) => status)).toEqual(Array(6).fill(201));
    expect(new Set(uploads.map(({ body }) => body.id)).size).toBe(1);
    expect((await api.as(user).get(`/rooms/${roomId}/files`)).body.data).toHaveLength(1);
  });

  test("of a file that was deleted stores a new file", async () => {
    const { user, roomId } = await startRoom();
    const first = await upload(api, user, roomId, { name: "a.txt", bytes: utf8("one") });
    await api.as(user).delete(`/files/${first.body.id}`);
    const second = await upload(api, user, roomId, { name: "a.txt", bytes: utf8("one") });
    expect(second.body.id).not.toBe(first.body.id);
  });
});

describe("a refused upload leaves neither row nor bytes", () => {
  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]);
  test.each([
    ["a picture", { name: "a.png", bytes: png }, 415, "unsupported_file_type"],
    ["a picture that is called text", { name: "a.txt", bytes: png }, 415, "unsupported_file_type"],
    [
      "UTF-16 that is no text",
      { name: "a.txt", bytes: new Uint8Array([0xff, 0xfe, 0x41, 0, 0, 0]) },
      415,
      "unsupported_file_type",
    ],
    ["a name with a line break", { name: "a\nb.txt", bytes: utf8("x") }, 422, "validation_failed"],
    ["a blank name", { name: "  ", bytes: utf8("x") }, 422, "validation_failed"],
    [
      "no length",
      { name: "a.txt", bytes: utf8("x"), headers: { "Content-Length": "" } },
      411,
      "length_required",
    ],
    [
      "a length over the limit",
      { name: "a.txt", bytes: utf8("x"), headers: { "Content-Length": "10485761" } },
      413,
      "payload_too_large",
    ],
    [
      "fewer bytes than it says",
      { name: "a.txt", bytes: utf8("x"), headers: { "Content-Length": "5" } },
      400,
      "upload_incomplete",
    ],
    [
      "more bytes than it says",
      { name: "a.txt", bytes: utf8("xyz"), headers: { "Content-Length": "1" } },
      400,
      "upload_incomplete",
    ],
    [
      "a key that is none",
      { name: "a.txt", bytes: utf8("x"), headers: { "Idempotency-Key": "ü" } },
      400,
      "invalid_idempotency_key",
    ],
  ])("%s", async (_, file, status, code) => {
    const { user, roomId } = await startRoom();
    const before = await listObjects();
    expect(await upload(api, user, roomId, file)).toMatchObject({ status, body: { code } });
    expect((await api.as(user).get(`/rooms/${roomId}/files`)).body.data).toEqual([]);
    expect(await listObjects()).toEqual(before);
  });

  test("over the space of the room, or of the user", async () => {
    const small = createTestApi({ settings: { ROOM_MAX_FILES: "2", USER_MAX_FILE_BYTES: "10" } });
    const { user, roomId } = await startRoom();
    const other = (await createRoom(api, user)).id;
    const put = (room: string, text: string) =>
      upload(small, user, room, { name: "a.txt", bytes: utf8(text) });
    expect((await put(roomId, "1")).status).toBe(201);
    expect((await put(roomId, "2")).status).toBe(201);
    expect(await put(roomId, "3")).toMatchObject({ status: 409, body: { code: "room_storage_full" } });
    expect(await put(other, "123456789")).toMatchObject({ status: 409, body: { code: "user_storage_full" } });
    expect((await put(other, "12345678")).status).toBe(201);
  });

  test("over the space of the room, of several at once", async () => {
    const small = createTestApi({ settings: { ROOM_MAX_FILES: "2" } });
    const { user, roomId } = await startRoom();
    const before = await listObjects();
    const uploads = await Promise.all(
      ["a", "b", "c", "d", "e"].map((text) =>
        upload(small, user, roomId, { name: `${text}.txt`, bytes: utf8(text) }),
      ),
    );
    expect(uploads.map(({ status }) => status).toSorted()).toEqual([201, 201, 409, 409, 409]);
    expect((await listObjects()).size).toBe(before.size + 2);
  });

  const brokenFiles = {
    ...api.deps.files,
    fileStore: { ...parserDeps.fileStore, put: () => Promise.reject(new Error("bucket")) },
  };

  test("over the space that is left before it comes: the bucket is not asked", async () => {
    const fileLimits = { ...brokenFiles.fileLimits, maxRoomFiles: 0 };
    const full = createTestApi({ deps: { files: { ...brokenFiles, fileLimits } } });
    const { user, roomId } = await startRoom();
    expect(await upload(full, user, roomId, { name: "a.txt", bytes: utf8("x") })).toMatchObject({
      status: 409,
      body: { code: "room_storage_full" },
    });
  });

  test("while the bucket fails", async () => {
    const broken = createTestApi({ deps: { files: brokenFiles } });
    const { user, roomId } = await startRoom();
    expect(await upload(broken, user, roomId, { name: "a.txt", bytes: utf8("x") })).toMatchObject({
      status: 503,
      body: { code: "file_storage_unavailable" },
    });
    expect((await api.as(user).get(`/rooms/${roomId}/files`)).body.data).toEqual([]);
  });

  test("that the database refuses", async () => {
    const { user, roomId } = await startRoom();
    const before = await listObjects();
    const refuse = async () => Response.json({ message: "refused", code: "23514" }, { status: 400 });
    const { result } = await watchDatabase(
      () => upload(api, user, roomId, { name: "a.txt", bytes: utf8("x") }),
      (ask, n) => (n === 1 ? ask() : refuse()),
    );
    expect(result).toMatchObject({ status: 500 });
    expect(await listObjects()).toEqual(before);
  });

  test("into a room that is deleted meanwhile", async () => {
    const { user, roomId } = await startRoom();
    const before = await listObjects();
    const { result } = await watchDatabase(
      () => upload(api, user, roomId, { name: "a.txt", bytes: utf8("x") }),
      async (ask, n) => {
        if (n === 2) await connectSql()`update rooms set deleted_at = now() where id = ${roomId}`;
        return ask();
      },
    );
    expect(result).toMatchObject({ status: 404 });
    expect(await listObjects()).toEqual(before);
    expect(await connectSql()`select 1 from files where room_id = ${roomId}`).toEqual([]);
  });

  test("into another user's room", async () => {
    const { roomId } = await startRoom();
    expect(await upload(api, newUser(), roomId, { name: "a.txt", bytes: utf8("x") })).toMatchObject({
      status: 404,
    });
  });
});

describe("where the database's answer is lost after the row is stored", () => {
  test("once, the upload answers with its file", async () => {
    const { user, roomId } = await startRoom();
    const bytes = utf8(crypto.randomUUID());
    const { result } = await watchDatabase(
      () => upload(api, user, roomId, { name: "a.txt", bytes }),
      losingAnswers(2),
    );
    expect(result).toMatchObject({ status: 201, body: { bytes: bytes.length } });
    expect(result.headers.get("Idempotency-Replayed")).toBeNull();
    await deliver(result.body.id);
    expect((await api.as(user).get(`/files/${result.body.id}`)).body.status).toBe("ready");
  });

  test("each time, the upload is 503, and its repeat finds the file with its bytes", async () => {
    const { user, roomId } = await startRoom();
    const bytes = utf8(crypto.randomUUID());
    const { result } = await watchDatabase(
      () => upload(api, user, roomId, { name: "a.txt", bytes }),
      losingAnswers(2, 3, 4),
    );
    expect(result).toMatchObject({ status: 503, body: { code: "database_unavailable" } });
    const again = await upload(api, user, roomId, { name: "a.txt", bytes });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect((await api.as(user).get(`/files/${again.body.id}/content`)).status).toBe(200);
  });
});

describe("parsing", () => {
  async function store(name: string, bytes: Uint8Array) {
    const { user, roomId } = await startRoom();
    const { body } = await upload(api, user, roomId, { name, bytes });
    const read = async () => (await api.as(user).get(`/files/${body.id}`)).body;
    return { user, id: body.id as string, read };
  }

  test.each([
    ["broken.pdf", utf8("%PDF-1.7 nothing"), "file_unreadable"],
    ["secret.docx", makeEncryptedOffice(), "file_encrypted"],
    ["deep.html", utf8("<div>".repeat(1_000)), "file_too_complex"],
  ])("of %s fails with its code, and can be tried again", async (name, bytes, code) => {
    const { user, id, read } = await store(name, bytes);
    expect((await deliver(id)).explicitAcks).toHaveLength(1);
    expect(await read()).toMatchObject({ status: "failed", error: { code } });
    const again = await api.as(user).post(`/files/${id}/parse`);
    expect(again).toMatchObject({ status: 202, body: { status: "pending", error: null } });
    await deliver(id);
    expect(await read()).toMatchObject({ status: "failed", error: { code } });
  });

  test("of an empty file succeeds without text", async () => {
    const { id, read } = await store("empty.txt", new Uint8Array());
    await deliver(id);
    expect(await read()).toMatchObject({ status: "ready", page_count: 0, no_text: true });
  });

  test("gives one result, however often and in whatever order its messages arrive", async () => {
    const { id, user, read } = await store("a.txt", utf8("some text"));
    await Promise.all([deliver(id), deliver(id), deliver(id)]);
    await deliver(id);
    expect(await read()).toMatchObject({ status: "ready", pages_read: 1 });
    expect((await api.as(user).get(`/files/${id}/pages`)).body.data).toEqual([
      { page: 1, text: "some text", tokens: expect.any(Number) },
    ]);
  });

  test("is read by one parser at a time: a message that comes meanwhile takes no attempt", async () => {
    const { id, read } = await store("a.txt", utf8("some text"));
    const get: typeof parserDeps.fileStore.get = async (key) => {
      await deliver(id);
      return parserDeps.fileStore.get(key);
    };
    await deliver(id, { deps: { ...parserDeps, fileStore: { ...parserDeps.fileStore, get } } });
    expect(await read()).toMatchObject({ status: "ready" });
    expect(await connectSql()`select attempt from files where id = ${id}`).toEqual([{ attempt: 1 }]);
  });

  test("is tried again after a temporary failure, and fails when the last attempt has failed", async () => {
    const { id, read } = await store("a.txt", utf8("some text"));
    const get = () => Promise.reject(new Error("bucket"));
    const deps = { ...parserDeps, fileStore: { ...parserDeps.fileStore, get } };
    const failed = await deliver(id, { deps });
    expect(failed.retryMessages).toHaveLength(1);
    expect(await read()).toMatchObject({ status: "pending" });
    await deliver(id, { queue: "pantheon-parse-dead" });
    expect(await read()).toMatchObject({ status: "failed", error: { code: "parse_gave_up" } });
    await deliver(id);
    expect(await read()).toMatchObject({ status: "failed" });
  });

  test("is given up after four attempts that ended without a result, and has four more when it is asked for again", async () => {
    const { id, read, user } = await store("a.txt", utf8("some text"));
    const sql = connectSql();
    const noTime = { ...api.deps, nowMs: () => Date.now() + 300_000 };
    const killParsers = async () => {
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        await deliver(id, { deps: killedAt(2) });
        expect(await read()).toMatchObject({ status: "parsing" });
        await sql`update files set lease_until = now() where id = ${id}`;
      }
      const warned: unknown[] = [];
      const log = { ...parserDeps.log, warn: (...line: unknown[]) => warned.push(line) };
      await wakeWaitingFiles({ ...noTime, log });
      expect(warned).toEqual([["files_given_up", { files: expect.arrayContaining([id]) }]]);
    };
    await killParsers();
    expect(await read()).toMatchObject({ status: "failed", error: { code: "parse_gave_up" } });
    await api.as(user).post(`/files/${id}/parse`);
    await killParsers();
    expect(await read()).toMatchObject({ status: "failed", error: { code: "parse_gave_up" } });
    await api.as(user).post(`/files/${id}/parse`);
    await deliver(id);
    expect(await read()).toMatchObject({ status: "ready", error: null });
    expect(await sql`select attempt from files where id = ${id}`).toEqual([{ attempt: 9 }]);
  });

  test.each([
    ["has read the file", async (key: string) => parserDeps.fileStore.get(key)],
    ["cannot read it", async () => new Blob([utf8("%PDF-1.7 nothing")]).stream()],
  ])("by a parser that was replaced changes nothing, where it %s", async (_how, finish) => {
    const { id, read, user } = await store("a.pdf", await makePdf(["The text."]));
    const sql = connectSql();
    const get = async (key: string) => {
      await sql`update files set lease_until = now() where id = ${id}`;
      await deliver(id);
      return finish(key);
    };
    await deliver(id, { deps: { ...parserDeps, fileStore: { ...parserDeps.fileStore, get } } });
    expect(await read()).toMatchObject({ status: "ready", error: null });
    expect((await api.as(user).get(`/files/${id}/pages`)).body.data).toMatchObject([{ text: "The text." }]);
    const attempts =
      await sql`select ready_attempt, p.attempt from files f join file_pages p on p.file_id = f.id
      where f.id = ${id}`;
    expect(attempts).toEqual([{ ready_attempt: 2, attempt: 2 }]);
  });

  test("that goes on is not given up by the last message of another attempt", async () => {
    const { id, read } = await store("a.txt", utf8("some text"));
    const get = async (key: string) => {
      await deliver(id, { queue: "pantheon-parse-dead" });
      return parserDeps.fileStore.get(key);
    };
    await deliver(id, { deps: { ...parserDeps, fileStore: { ...parserDeps.fileStore, get } } });
    expect(await read()).toMatchObject({ status: "ready" });
  });

  test.each([
    ["room", async (user: TestUser, roomId: string) => api.as(user).delete(`/rooms/${roomId}`)],
    ["file", async (user: TestUser, _room: string, id: string) => api.as(user).delete(`/files/${id}`)],
  ])("of a file whose %s is deleted meanwhile ends, and nothing of it can be read", async (_what, remove) => {
    const { user, roomId } = await startRoom();
    const { body } = await upload(api, user, roomId, { name: "a.txt", bytes: utf8("some text") });
    const get = async (key: string) => {
      expect((await remove(user, roomId, body.id)).status).toBe(204);
      return parserDeps.fileStore.get(key);
    };
    const deps = { ...parserDeps, fileStore: { ...parserDeps.fileStore, get } };
    expect((await deliver(body.id, { deps })).explicitAcks).toHaveLength(1);
    for (const path of ["", "/pages", "/content"]) {
      expect((await api.as(user).get(`/files/${body.id}${path}`)).status).toBe(404);
    }
    expect((await deliver(body.id)).explicitAcks).toHaveLength(1);
  });

  test("ignores a message that names no file", async () => {
    const result = await deliver("not an id");
    expect(result.explicitAcks).toHaveLength(1);
  });
});
