import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { newUser } from "../support/api.ts";
import { watchDatabase } from "../support/database-requests.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

const limit = 10;
const on = { RATE_LIMIT: "on" };

/** Miniflare's limiter starts again with each minute of the clock: where the requests of a test fell into two, it tries again. */
async function withinOneMinute<T>(attempt: () => Promise<T>): Promise<T> {
  const minute = () => Math.floor(Date.now() / 60_000);
  for (let tries = 1; tries <= 5; tries += 1) {
    const began = minute();
    const result = await attempt();
    if (minute() === began) return result;
  }
  return expect.fail("five attempts in a row met the turn of a minute");
}

test("the eleventh turn of a minute is refused before the database or a model is asked", async () => {
  const fixture = await createTurnFixture({ settings: on });
  const { first, refused, requests } = await withinOneMinute(async () => {
    const user = newUser();
    // A session that is not theirs costs no model, and counts like any other.
    const post = () => fixture.post("@ada hello", { user });
    const first = await Promise.all(Array.from({ length: limit }, post));
    const { result: refused, requests } = await watchDatabase(post);
    return { first, refused, requests };
  });
  expect(first.map(({ status }) => status)).toEqual(Array(limit).fill(404));
  expect(refused.status).toBe(429);
  expect(refused.headers.get("Retry-After")).toBe("60");
  expect(refused.headers.get("Content-Type")).toBe("application/problem+json");
  expect(refused.body).toMatchObject({ code: "rate_limited", status: 429 });
  expect(requests).toEqual([]);
});

test("turns, AG-UI runs, retries and replays count against one limit for each user", async () => {
  const served = await withinOneMinute(async () => {
    const fixture = await createTurnFixture({ settings: on });
    await fixture.models.script(says("ada", { status: 400 }, 1), says("ada", "Now."));
    const as = fixture.api.as(fixture.owner);
    const run = { threadId: "t", runId: "r", messages: [{ id: "m", role: "user", content: "@ada and?" }] };
    const post = () => fixture.post("@ada hello", { key: "once" });
    const { body: turn } = await post();
    const ways = {
      replay: post,
      retry: () => as.post(`${fixture.turnsPath}/${turn.id}/retry`),
      agUi: () => as.post(`/sessions/${fixture.sessionId}/ag-ui`, run),
    };
    const statuses = async () => [
      (await ways.replay()).status,
      (await ways.retry()).status,
      (await ways.agUi()).status,
    ];
    const within = await statuses();
    for (let posts = 4; posts < limit; posts += 1) within.push((await fixture.post("@nobody")).status);
    const beyond = await statuses();
    const other = await fixture.post("@ada hello", { user: newUser() });
    return { within, beyond, other: other.status };
  });
  expect(served.within).toEqual([201, 201, 200, ...Array(limit - 4).fill(422)]);
  expect(served.beyond).toEqual([429, 429, 429]);
  expect(served.other).toBe(404);
});

test("requests that do not validate are not counted as turns", async () => {
  const fixture = await createTurnFixture({ settings: on });
  const user = newUser();
  const unusable = Array.from({ length: limit + 1 }, () => fixture.api.as(user).post(fixture.turnsPath, {}));
  for (const { status } of await Promise.all(unusable)) expect(status).toBe(422);
  expect((await fixture.post("@ada hello", { user })).status).toBe(404);
});

test("the thirty-first invalid request of a minute is 429", async () => {
  const { refused, served } = await withinOneMinute(async () => {
    const fixture = await createTurnFixture({ settings: on });
    const user = newUser();
    const as = fixture.api.as(user);
    const agUi = `/sessions/${fixture.sessionId}/ag-ui`;
    const faults = [
      () => as.post("/rooms", { name: 7 }),
      () => as.patch(`/rooms/${fixture.roomId}`, {}),
      () => as.put(`/rooms/${fixture.roomId}/agents/order`, { agent_keys: 7 }),
      () => as.post(agUi, {}),
      () => as.post("/rooms", { name: "x".repeat(300_000) }),
    ];
    const refused = await Promise.all(Array.from({ length: 6 }, () => faults.map((send) => send())).flat());
    const beyond = await Promise.all(faults.map((send) => send()));
    const others = await Promise.all([
      as.get("/rooms?limit=0"),
      as.post("/rooms", { name: "A room" }),
      fixture.post("@ada hello", { user }),
      fixture.api.as(newUser()).post("/rooms", {}),
    ]);
    return { refused, served: { beyond, others: others.map(({ status }) => status) } };
  });
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([422, 413]));
  for (const answer of served.beyond) {
    expect(answer).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    expect(answer.headers.get("Retry-After")).toBe("60");
  }
  expect(served.others).toEqual([422, 201, 404, 422]);
});

test("a limiter that fails refuses no turn, and each turn logs one warning", async () => {
  const limit = async () => Promise.reject(new TypeError("secret words"));
  const fixture = await createTurnFixture({ deps: { turnLimiter: { limit } } });
  expect((await fixture.post("@ada hello")).status).toBe(201);
  const warnings = fixture.api.lines.filter(({ level }) => level === "warn");
  expect(warnings).toEqual([
    expect.objectContaining({
      event: "rate_limit_unavailable",
      error: "TypeError",
      request_id: expect.anything(),
    }),
  ]);
  expect(JSON.stringify(warnings)).not.toContain("secret words");
});

test("local mode has no limit unless it is set", async () => {
  expect(env).toHaveProperty("TURN_LIMITER");
  const fixture = await createTurnFixture();
  const user = newUser();
  const posts = Array.from({ length: 2 * limit + 1 }, () => fixture.post("@ada hello", { user }));
  for (const { status } of await Promise.all(posts)) expect(status).toBe(404);
});
