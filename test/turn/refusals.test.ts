import { describe, expect, test } from "vitest";
import { newUser } from "../support/api.ts";
import { createStreamFixture } from "../support/streams.ts";
import { createTurnFixture, noRows, type TurnFixture } from "../support/turn-fixture.ts";

/** A refused post leaves no claim, no row and no model call behind, and the next one is the first turn. */
async function expectNothingHappened(fixture: TurnFixture): Promise<void> {
  expect(await fixture.claim()).toBeUndefined();
  expect(await fixture.rowCounts()).toEqual(noRows);
  expect(await fixture.models.journal()).toEqual([]);
}

describe("a message that tags no agent of the room", () => {
  test.each([
    ["has no tag", "hello"],
    ["has an unknown tag", "@zoe hello"],
    ["has an e-mail address that looks like a tag", "write to someone@ada or bob@ada.com"],
    ["tags somebody twice over", "@@ada hello"],
  ])("is refused where it %s, and the session stays free", async (_case, message) => {
    const fixture = await createTurnFixture();

    const answer = await fixture.post(message, { key: "same" });

    expect(answer).toMatchObject({ status: 422, body: { status: 422, code: "no_valid_tagged_agents" } });
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
    await expectNothingHappened(fixture);
    expect(await fixture.post("@ada hello", { key: "same" })).toMatchObject({
      status: 201,
      body: { turn_index: 1 },
    });
  });

  test("is refused in a room without agents", async () => {
    const fixture = await createTurnFixture({ agents: [] });
    expect((await fixture.post("@ada hello")).body.code).toBe("no_valid_tagged_agents");
    await expectNothingHappened(fixture);
  });
});

test.each(["roundtable", "orchestrator"] as const)(
  "a turn in mode %s in a room without agents is refused and leaves nothing",
  async (mode) => {
    const fixture = await createTurnFixture({ agents: [], mode });

    const answer = await fixture.post("hello");

    expect(answer).toMatchObject({ status: 422, body: { code: "no_room_agents" } });
    await expectNothingHappened(fixture);
  },
);

test("a refused turn consumes no pending mode", async () => {
  const fixture = await createTurnFixture({ agents: [] });
  await fixture.api.as(fixture.owner).patch(`/rooms/${fixture.roomId}/mode`, { mode: "roundtable" });

  expect((await fixture.post("hello")).body.code).toBe("no_room_agents");

  const { body } = await fixture.api.as(fixture.owner).get(`/rooms/${fixture.roomId}`);
  expect(body).toMatchObject({ current_mode: "manual", pending_mode: "roundtable" });
});

describe("a session that the caller does not have", () => {
  test.each(["foreign", "missing", "deleted", "in a deleted room"])(
    "(%s) is 404, and nothing happens",
    async (which) => {
      const fixture = await createTurnFixture();
      if (which === "deleted")
        await fixture.sql`update sessions set deleted_at = now() where id = ${fixture.sessionId}`;
      if (which === "in a deleted room") {
        await fixture.sql`update rooms set deleted_at = now() where id = ${fixture.roomId}`;
      }
      const path = which === "missing" ? `/sessions/${crypto.randomUUID()}/turns` : fixture.turnsPath;
      const user = which === "foreign" ? newUser() : fixture.owner;

      const answer = await fixture.api.as(user).post(path, { message: "@ada hello" });

      expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
      expect((await fixture.api.as(user).get(path)).status).toBe(404);
      await expectNothingHappened(fixture);
    },
  );

  test("an id of the wrong form is 404 as well", async () => {
    const fixture = await createTurnFixture();
    const answer = await fixture.api
      .as(fixture.owner)
      .post("/sessions/nonsense/turns", { message: "@ada hello" });
    expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
  });
});

describe("a body that does not validate", () => {
  test.each([
    ["a message that is blank", { message: " \n " }, "message"],
    ["a message that is too long", { message: "a".repeat(32_001) }, "message"],
    ["a message that is no text", { message: 7 }, "message"],
    ["no message", {}, "message"],
    ["a field that is not known", { message: "@ada hi", mode: "tag" }, "mode"],
    [
      "an override that is no text",
      { message: "@ada hi", model_alias_override: null },
      "model_alias_override",
    ],
  ])("%s: 422 with the name of the field", async (_case, body, path) => {
    const fixture = await createTurnFixture();

    const answer = await fixture.api.as(fixture.owner).post(fixture.turnsPath, body);

    expect(answer).toMatchObject({ status: 422, body: { code: "validation_failed", errors: [{ path }] } });
    await expectNothingHappened(fixture);
  });

  test("with a message of exactly 32,000 characters is accepted, and stored trimmed", async () => {
    const fixture = await createTurnFixture();
    const message = "@ada ".padEnd(32_000, "é");
    const answer = await fixture.post(`  ${message}\n`);
    expect(answer).toMatchObject({ status: 201, body: { user_input: message } });
  });

  test("has characters counted as code points: an emoji is one", async () => {
    // So many emoji fit the largest window only.
    const fixture = await createTurnFixture({ agents: [{ key: "ada", modelAlias: "premium" }] });
    const message = `@ada ${"🙂".repeat(31_995)}`;
    expect(await fixture.post(message)).toMatchObject({ status: 201, body: { user_input: message } });
    expect((await fixture.post(`${message}🙂`)).body.errors).toEqual([
      { path: "message", message: "must have at most 32000 characters" },
    ]);
  });

  test("with an unknown alias as override: 422 unknown_model", async () => {
    const fixture = await createTurnFixture();
    const answer = await fixture.post("@ada hello", { modelAliasOverride: "gpt-5" });
    expect(answer).toMatchObject({ status: 422, body: { code: "unknown_model" } });
    await expectNothingHappened(fixture);
  });

  test("with the longest message is accepted however it is escaped", async () => {
    const message = `@ada ${"\u{1f600}".repeat(32_000 - 5)}`;
    const escaped = [...message].flatMap((character) =>
      Array.from(
        { length: character.length },
        (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
      ),
    );
    const fixture = await createStreamFixture({ agents: [{ key: "ada", modelAlias: "premium" }] });
    const answer = await fixture.api.app.request(`/api/v1${fixture.turnsPath}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${fixture.token}`, "Content-Type": "application/json" },
      body: `{"message":"${escaped.join("")}"}`,
    });
    expect(answer.status).toBe(201);
    expect((await fixture.turns()).at(0)).toMatchObject({ user_input: message });
  });

  test("over 400 KiB: 413", async () => {
    const fixture = await createTurnFixture();
    const answer = await fixture.post(`@ada ${"a".repeat(400 * 1024)}`);
    expect(answer).toMatchObject({ status: 413, body: { code: "payload_too_large" } });
    await expectNothingHappened(fixture);
  });
});

describe("an Idempotency-Key that cannot be used", () => {
  test.each([
    ["empty", ""],
    ["of 256 characters", "k".repeat(256)],
    ["with a letter beyond ASCII", "clé"],
    ["with a control character", "a\tb"],
  ])("%s: 400", async (_case, key) => {
    const fixture = await createTurnFixture();
    const answer = await fixture.post("@ada hello", { key });
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_idempotency_key" } });
    await expectNothingHappened(fixture);
  });

  test("a key of 255 printable characters is accepted", async () => {
    const fixture = await createTurnFixture();
    expect((await fixture.post("@ada hello", { key: "~".repeat(255) })).status).toBe(201);
  });
});
