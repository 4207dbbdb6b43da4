import { describe, expect, test } from "vitest";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { until } from "../../support/until.ts";
import { answersStored, expireLease, listCallers } from "../recovery/support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "../recovery/support/ledger-check.ts";
import { measureRequests, neonLimitBytes } from "./support/measured-requests.ts";

const keys = Array.from({ length: 12 }, (_, n) => `agent${n}`);
const message = keys.map((key) => `@${key}`).join(" ");

/** Answers as long as they are taken, whose characters take three and six bytes on their way. */
const scripts = [
  ["of Japanese", `回答${"語".repeat(60_000)}`],
  ["of control characters", `x${"\u0001".repeat(60_000)}`],
] as const;

/** Calls of agents; summaries are asked for beside them. */
const answersAsked = async (fixture: TurnFixture) =>
  (await listCallers(fixture)).filter((who) => keys.includes(who)).length;

const statusesOf = (body: { replies: { status: string; error: { code: string } | null }[] }) =>
  body.replies.map(({ status, error }) => error?.code ?? status);

async function answerAll(text: string): Promise<TurnFixture> {
  // A retry is sent the answers that are kept: only the largest window has room for them.
  const fixture = await createTurnFixture({
    agents: keys.map((key) => ({ key, modelAlias: "premium" })),
    settings: { TURN_MAX_CREDITS: "100000" },
  });
  await fixture.models.script({ answer: { text } });
  return fixture;
}

describe.each(scripts)("answers %s of twelve agents", (_script, text) => {
  test("are kept while the turn has room; an agent above the limit fails alone, and all are in the ledger", async () => {
    const fixture = await answerAll(text);

    const turn = await measureRequests(() => fixture.post(message, { key: "k" }));

    const { status, body } = turn.result;
    expect([status, body.status]).toEqual([201, "partial"]);
    const kept = body.replies.filter((reply: { status: string }) => reply.status === "completed");
    expect(kept.length).toBe(
      Math.floor((1_024 * 1_024) / new TextEncoder().encode(JSON.stringify(text)).byteLength),
    );
    for (const { content } of kept) expect(content).toBe(text);
    expect(statusesOf(body).filter((one) => one === "turn_too_large")).toHaveLength(12 - kept.length);
    expect(turn.maxSent).toBeLessThan(neonLimitBytes);
    expect(await fixture.ledger()).toHaveLength(12);
    await expectLedgerMatchesCalls(fixture);
    const again = await fixture.post(message, { key: "k" });
    expect(again.body).toEqual({ ...body, timing: again.body.timing });
    expect(await listCallers(fixture)).toHaveLength(12);
  });

  test("are read by a retry, by the holder that takes it over, and by the next turn", async () => {
    const fixture = await answerAll(text);
    const { body: last } = await fixture.post(message);
    const failures = last.replies.filter((reply: { status: string }) => reply.status === "failed");
    await fixture.models.script(says(failures[0].agent_key, { text: "lost", hold: "gate" }, 1), {
      answer: { text: "short" },
    });
    const before = await answersAsked(fixture);
    const failed = failures.length;
    const retry = () =>
      fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${last.id}/retry`, undefined, {
        headers: { "Idempotency-Key": "r" },
      });
    const post = retry();
    await answersStored(fixture, { answers: failed - 1 });
    await until("everybody is asked", async () => (await answersAsked(fixture)) === before + failed);
    await expireLease(fixture);

    const again = await measureRequests(retry);

    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    expect(again.result).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(again.maxAnswer).toBeLessThan(neonLimitBytes);
    expect(await answersAsked(fixture)).toBe(before + failed + 1);
    expect((await fixture.post(message)).status).toBe(201);
    await expectLedgerMatchesCalls(fixture);
  });
});
