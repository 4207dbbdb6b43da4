import { describe, expect, test } from "vitest";
import { createTurnFixture, says, type TurnFixture } from "../support/turn-fixture.ts";
import { callsFor, conversationIn } from "./modes/support/model-calls.ts";

const length = 30_000;

/** Bytes that look like chance, the same in each run. */
const bytes = Uint8Array.from({ length }, (_, place) => (place * 7_919 + (place % 251) * 104_729) >> 3);
const binary = String.fromCharCode(...bytes.subarray(0, length * 0.75));
const hex = [...bytes.subarray(0, length / 2)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const amharic = "ሰላም ለዓለም፣ ዛሬ ጠዋት ስለ ጀልባዎቹ ተነጋገርን። ";

const pastes: [string, string][] = [
  ["base64", btoa(binary)],
  ["hex", hex],
  ["Amharic", amharic.repeat(Math.ceil(length / amharic.length)).slice(0, length)],
];

const tooLong = { status: 400, body: { error: { code: "context_length_exceeded", message: "too long" } } };

async function excludedOf({ api, owner, sessionId }: TurnFixture): Promise<(string | null)[]> {
  const { body } = await api.as(owner).get(`/sessions/${sessionId}/messages`);
  return body.data.map(({ excluded }: { excluded: string | null }) => excluded);
}

const seesPaste = (call: Parameters<typeof conversationIn>[0], paste: string) =>
  conversationIn(call).join().includes(paste);

describe.each(pastes)("a session with a message of 30,000 characters of %s", (_what, paste) => {
  test("goes on, and its agents are sent the message", async () => {
    const fixture = await createTurnFixture();

    const pasted = await fixture.post(`@ada what is this?\n${paste}`);
    const next = await fixture.post("@ada and now?");

    expect(paste).toHaveLength(length);
    expect([pasted.body.status, next.body.status]).toEqual(["completed", "completed"]);
    const calls = callsFor(await fixture.models.journal(), "ada");
    expect(calls.map((call) => seesPaste(call, paste))).toEqual([true, true]);
    expect(await excludedOf(fixture)).toEqual([null, null, null, null]);
  });

  test("goes on where the provider refused it as too long, and does not send it again", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", tooLong, 1), says("ada", "Here."));

    const pasted = await fixture.post(`@ada what is this?\n${paste}`);
    const later = [await fixture.post("@ada and now?"), await fixture.post("@ada and then?")];

    expect(pasted.body.replies).toMatchObject([{ error: { code: "context_budget_exceeded" } }]);
    expect(later.map(({ body }) => body.status)).toEqual(["completed", "completed"]);
    const calls = callsFor(await fixture.models.journal(), "ada");
    expect(calls.map((call) => seesPaste(call, paste))).toEqual([true, false, false]);
    const reason = "context_budget_exceeded";
    expect(await excludedOf(fixture)).toEqual([reason, reason, null, null, null, null]);
  });

  test("goes on where a small model cannot hold it", async () => {
    const small = {
      alias: "small",
      provider: "own",
      model: "own/small",
      context_window: 8_192,
      multiplier: 1,
    };
    const settings = { MODELS_JSON: JSON.stringify([small]) };
    const fixture = await createTurnFixture({ settings, agents: [{ key: "ada", modelAlias: "small" }] });

    const pasted = await fixture.post(`@ada what is this?\n${paste}`);
    const next = await fixture.post("@ada and now?");

    expect(pasted).toMatchObject({ status: 422, body: { code: "context_budget_exceeded" } });
    expect(next).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(await fixture.models.journal()).toHaveLength(1);
  });
});
