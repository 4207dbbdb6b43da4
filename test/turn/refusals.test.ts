import { describe, expect, test } from "vitest";
import { newUser } from "../support/api.ts";
import { createStreamScene } from "../support/streams.ts";
import { createTurnScene, noRows, type TurnScene } from "../support/turn-scene.ts";

/** A refused post leaves no claim, no row and no model call behind, and the next one is the first turn. */
async function expectNothingHappened(scene: TurnScene): Promise<void> {
  expect(await scene.claim()).toBeUndefined();
  expect(await scene.rowCounts()).toEqual(noRows);
  expect(await scene.models.journal()).toEqual([]);
}

describe("a message that tags nobody of the room", () => {
  test.each([
    ["has no tag", "hello"],
    ["has an unknown tag", "@zoe hello"],
    ["has an e-mail address that looks like a tag", "write to someone@ada or bob@ada.com"],
    ["tags somebody twice over", "@@ada hello"],
  ])("is refused where it %s, and the session stays free", async (_case, message) => {
    const scene = await createTurnScene();

    const answer = await scene.post(message, { key: "same" });

    expect(answer).toMatchObject({ status: 422, body: { status: 422, code: "no_valid_tagged_agents" } });
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
    await expectNothingHappened(scene);
    expect(await scene.post("@ada hello", { key: "same" })).toMatchObject({
      status: 201,
      body: { turn_index: 1 },
    });
  });

  test("is refused in a room without agents", async () => {
    const scene = await createTurnScene({ agents: [] });
    expect((await scene.post("@ada hello")).body.code).toBe("no_valid_tagged_agents");
    await expectNothingHappened(scene);
  });
});

test.each(["roundtable", "orchestrator"] as const)(
  "a turn in mode %s in a room without agents is refused and leaves nothing",
  async (mode) => {
    const scene = await createTurnScene({ agents: [], mode });

    const answer = await scene.post("hello");

    expect(answer).toMatchObject({ status: 422, body: { code: "no_room_agents" } });
    await expectNothingHappened(scene);
  },
);

test("a refused turn consumes no pending mode", async () => {
  const scene = await createTurnScene({ agents: [] });
  await scene.api.as(scene.owner).patch(`/rooms/${scene.roomId}/mode`, { mode: "roundtable" });

  expect((await scene.post("hello")).body.code).toBe("no_room_agents");

  const { body } = await scene.api.as(scene.owner).get(`/rooms/${scene.roomId}`);
  expect(body).toMatchObject({ current_mode: "manual", pending_mode: "roundtable" });
});

describe("a session that is not there for the caller", () => {
  test.each(["foreign", "missing", "deleted", "in a deleted room"])(
    "%s: 404, and nothing happens",
    async (which) => {
      const scene = await createTurnScene();
      if (which === "deleted")
        await scene.sql`update sessions set deleted_at = now() where id = ${scene.sessionId}`;
      if (which === "in a deleted room") {
        await scene.sql`update rooms set deleted_at = now() where id = ${scene.roomId}`;
      }
      const path = which === "missing" ? `/sessions/${crypto.randomUUID()}/turns` : scene.turnsPath;
      const user = which === "foreign" ? newUser() : scene.owner;

      const answer = await scene.api.as(user).post(path, { message: "@ada hello" });

      expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
      expect((await scene.api.as(user).get(path)).status).toBe(404);
      await expectNothingHappened(scene);
    },
  );

  test("an id that is none is 404 as well", async () => {
    const scene = await createTurnScene();
    const answer = await scene.api
      .as(scene.owner)
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
  ])("%s: 422 naming the field", async (_case, body, path) => {
    const scene = await createTurnScene();

    const answer = await scene.api.as(scene.owner).post(scene.turnsPath, body);

    expect(answer).toMatchObject({ status: 422, body: { code: "validation_failed", errors: [{ path }] } });
    await expectNothingHappened(scene);
  });

  test("a message of exactly 32,000 characters is taken, and stored trimmed", async () => {
    const scene = await createTurnScene();
    const message = "@ada ".padEnd(32_000, "é");
    const answer = await scene.post(`  ${message}\n`);
    expect(answer).toMatchObject({ status: 201, body: { user_input: message } });
  });

  test("characters are counted as the reference means them: an emoji is one", async () => {
    // So many emoji fit the largest window only.
    const scene = await createTurnScene({ agents: [{ key: "ada", modelAlias: "premium" }] });
    const message = `@ada ${"🙂".repeat(31_995)}`;
    expect(await scene.post(message)).toMatchObject({ status: 201, body: { user_input: message } });
    expect((await scene.post(`${message}🙂`)).body.errors).toEqual([
      { path: "message", message: "must have at most 32000 characters" },
    ]);
  });

  test("an unknown alias as override: 422 unknown_model", async () => {
    const scene = await createTurnScene();
    const answer = await scene.post("@ada hello", { modelAliasOverride: "gpt-5" });
    expect(answer).toMatchObject({ status: 422, body: { code: "unknown_model" } });
    await expectNothingHappened(scene);
  });

  test("of the longest message is taken however it is escaped", async () => {
    const message = `@ada ${"\u{1f600}".repeat(32_000 - 5)}`;
    const escaped = [...message].flatMap((character) =>
      Array.from(
        { length: character.length },
        (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
      ),
    );
    const scene = await createStreamScene({ agents: [{ key: "ada", modelAlias: "premium" }] });
    const answer = await scene.api.app.request(`/api/v1${scene.turnsPath}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${scene.token}`, "Content-Type": "application/json" },
      body: `{"message":"${escaped.join("")}"}`,
    });
    expect(answer.status).toBe(201);
    expect((await scene.turns()).at(0)).toMatchObject({ user_input: message });
  });

  test("over 400 KiB: 413", async () => {
    const scene = await createTurnScene();
    const answer = await scene.post(`@ada ${"a".repeat(400 * 1024)}`);
    expect(answer).toMatchObject({ status: 413, body: { code: "payload_too_large" } });
    await expectNothingHappened(scene);
  });
});

describe("an Idempotency-Key that cannot be used", () => {
  test.each([
    ["empty", ""],
    ["of 256 characters", "k".repeat(256)],
    ["with a letter beyond ASCII", "clé"],
    ["with a control character", "a\tb"],
  ])("%s: 400", async (_case, key) => {
    const scene = await createTurnScene();
    const answer = await scene.post("@ada hello", { key });
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_idempotency_key" } });
    await expectNothingHappened(scene);
  });

  test("one of 255 printable characters can", async () => {
    const scene = await createTurnScene();
    expect((await scene.post("@ada hello", { key: "~".repeat(255) })).status).toBe(201);
  });
});
