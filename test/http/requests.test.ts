import { expect, test } from "vitest";
import { createRoom, createTestApi, mintToken, newUser } from "../support/api.ts";

test.each(["a", "abc-DEF_1.2", "x".repeat(128)])("the request id %s is kept", async (given) => {
  const api = createTestApi();
  const answer = await api.send("GET", "/rooms", { headers: { "X-Request-Id": given } });
  expect(answer.headers.get("X-Request-Id")).toBe(given);
  expect(answer.body.request_id).toBe(given);
  expect(api.lines.map((line) => line.request_id)).toEqual([given]);
});

test.each(["x".repeat(129), "a b", 'a"b', "<script>", "a/b", "ü", ""])(
  "the request id %j is replaced",
  async (given) => {
    const { headers, body } = await createTestApi().send("GET", "/rooms", {
      headers: { "X-Request-Id": given },
    });
    expect(headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.request_id).toBe(headers.get("X-Request-Id"));
  },
);

test.each([
  ["GET", "/api/v1/nothing"],
  ["GET", "/api/v1"],
  ["POST", "/"],
  ["GET", "/api/v2/rooms"],
  ["PUT", "/api/v1/rooms"],
  ["POST", "/api/v1/health"],
  ["OPTIONS", "/api/v1/rooms"],
  ["GET", "/api/v1/rooms/"],
])("%s %s does not exist, with or without a token", async (method, path) => {
  const api = createTestApi();
  const answers = [];
  for (const token of [null, "nonsense", await mintToken({ sub: newUser().userId })]) {
    const headers = { "X-Request-Id": "same", ...(token && { Authorization: `Bearer ${token}` }) };
    answers.push(await api.app.request(path, { method, headers }));
  }
  for (const answer of answers) {
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: "not_found", type: "/api/v1/docs#error-not_found" });
  }
});

test.each(["not-a-uuid", "0", "00000000-0000-0000-0000-00000000000g", "%00", "..%2f", "x".repeat(2_000)])(
  "a path with the id %j does not exist",
  async (id) => {
    const client = createTestApi().as(newUser());
    for (const path of [
      `/rooms/${id}`,
      `/rooms/${id}/agents`,
      `/sessions/${id}`,
      `/sessions/${id}/messages`,
    ]) {
      expect(await client.get(path)).toMatchObject({ status: 404, body: { code: "not_found" } });
    }
  },
);

test("ids may be written in capitals", async () => {
  const api = createTestApi();
  const user = newUser();
  const room = await createRoom(api, user);
  expect((await api.as(user).get(`/rooms/${room.id.toUpperCase()}`)).body).toEqual(room);
});

test("browsers neither guess the type of an answer nor cache it", async () => {
  const api = createTestApi();
  const answers = [
    await api.as(newUser()).get("/rooms"),
    await api.send("GET", "/rooms"),
    await api.send("GET", "/nothing"),
    await api.send("GET", "/health"),
  ];
  for (const { headers } of answers) {
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("Cache-Control")).toBe("no-store");
  }
});

test("a request leaves one log line with its route and user, and without path or address", async () => {
  const user = newUser();
  const api = createTestApi();
  const id = crypto.randomUUID();
  await api.as(user).get(`/rooms/${id}/sessions?limit=7&after=${id}`, { headers: { "X-Request-Id": "r-1" } });
  await api.send("DELETE", `/rooms/${id}`);
  await api.send("GET", "/nothing/at/all");
  const line = { level: "info", event: "request_done", duration_ms: expect.any(Number) };
  expect(api.lines).toEqual([
    {
      ...line,
      request_id: "r-1",
      method: "GET",
      route: "/api/v1/rooms/:room_id/sessions",
      status: 404,
      user_id: user.userId,
    },
    {
      ...line,
      request_id: expect.any(String),
      method: "DELETE",
      route: "/api/v1/rooms/:room_id",
      status: 401,
      user_id: null,
    },
    { ...line, request_id: expect.any(String), method: "GET", route: null, status: 404, user_id: null },
  ]);
  expect(JSON.stringify(api.lines)).not.toMatch(new RegExp(`${id}|${user.email}|limit=|at/all`));
});

test("an unexpected error gives the client only its request id; the log has the cause", async () => {
  const user = newUser();
  const api = createTestApi({
    deps: {
      now: () => {
        throw new Error("the clock holds a secret");
      },
    },
  });
  const answer = await api.as(user).post("/rooms", { name: "n" }, { headers: { "X-Request-Id": "r-2" } });
  expect(answer.body).toEqual({
    type: "/api/v1/docs#error-internal_error",
    title: "Internal error",
    status: 500,
    detail: "An unexpected error occurred. The log has it under this request's 'request_id'.",
    code: "internal_error",
    request_id: "r-2",
  });
  expect(api.lines.map(({ event, request_id }) => [event, request_id])).toEqual([
    ["request_failed", "r-2"],
    ["request_done", "r-2"],
  ]);
});

test("503 where the database does not answer, and the service is not ready", async () => {
  const api = createTestApi({ settings: { NEON_HTTP_ENDPOINT: "http://127.0.0.1:1/sql" } });
  const answer = await api.as(newUser()).get("/rooms");
  expect(answer).toMatchObject({ status: 503, body: { code: "database_unavailable" } });
  expect(answer.text).not.toMatch(/127\.0\.0\.1|postgres/);
  expect(await api.send("GET", "/health/ready")).toMatchObject({ status: 503, body: { code: "not_ready" } });
  expect(await api.send("GET", "/health")).toMatchObject({ status: 200, body: { status: "ok" } });
});

test("the service is ready when its database answers", async () => {
  expect(await createTestApi().send("GET", "/health/ready")).toMatchObject({
    status: 200,
    body: { status: "ok" },
  });
});
