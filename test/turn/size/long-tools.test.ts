import { describe, expect, test } from "vitest";
import { turnBounds } from "../../../src/domain/turn/turn-limiter.ts";
import { says } from "../../support/turn-fixture.ts";
import { createToolFixture, searchesFor, type ToolFixture } from "../../tools/in-turns/tool-fixture.ts";
import { answersStored, expireLease, listCallers } from "../recovery/support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "../recovery/support/ledger-check.ts";
import { measureRequests, neonLimitBytes } from "./support/measured-requests.ts";

const keys = Array.from({ length: 12 }, (_, n) => `agent${n}`);
const rounds = [1, 2, 3, 4];

/** Results of a search, each as long as a search keeps them. */
function longResults(letter: string) {
  return Array.from({ length: 5 }, (_, n) => ({
    title: letter.repeat(200),
    url: `https://example.com/${n}/${"x".repeat(900)}`,
    content: letter.repeat(500),
  }));
}

/** Everybody asks for four searches in each of four rounds, and then answers. */
function searchAllRounds(fixture: ToolFixture, answer: string) {
  return fixture.models.script(
    ...keys.flatMap((key) => [
      ...rounds.map((round) =>
        says(key, searchesFor(...[1, 2, 3, 4].map((n) => `${key} ${round} ${n}`)), round),
      ),
      says(key, answer),
    ]),
  );
}

describe.each([
  ["English", "word ", "roundtable"],
  ["Japanese", "検索の結果", "tag"],
] as const)("twelve agents who ask for 16 searches each, of long texts in %s", (_language, letters, mode) => {
  const message = mode === "tag" ? keys.map((key) => `@${key}`).join(" ") : "hello";

  test("run 48 of them, and the turn is stored in requests that the database accepts", async () => {
    const fixture = await createToolFixture({ agents: keys, mode });
    await fixture.search.script({ default: { results: longResults(letters) } });
    await searchAllRounds(fixture, `An answer. ${letters.repeat(400)}`);

    const turn = await measureRequests(() => fixture.post(message, { key: "k" }));

    expect(turn.result).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(await fixture.searched()).toHaveLength(turnBounds.maxToolCallsPerTurn);
    const rows = await fixture.toolRows();
    expect(rows).toHaveLength(12 * 16);
    expect(rows.filter(({ status }) => status === "denied")).toHaveLength(
      12 * 16 - turnBounds.maxToolCallsPerTurn,
    );
    expect(await fixture.ledger()).toHaveLength(12 * 5);
    await expectLedgerMatchesCalls(fixture);
    expect(turn.maxSent).toBeLessThan(neonLimitBytes / 2);
    // What steps and commit send is what is new, not all again: of each text the step (in hex) and the commit.
    expect(turn.sentBytes).toBeLessThan(neonLimitBytes);
    const again = await fixture.post(message, { key: "k" });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(again.body.assistant_output).toBe(turn.result.body.assistant_output);
    expect(await listCallers(fixture)).toHaveLength(12 * 5);
    expect((await fixture.read(turn.result.body.id)).status).toBe(200);
  });

  test("are resumed from the checkpoint, and nothing that is stored is paid for again", async () => {
    const fixture = await createToolFixture({ agents: keys, mode });
    await fixture.search.script({ default: { results: longResults(letters) } });
    await fixture.models.script(
      ...keys.flatMap((key) => [
        ...rounds.map((round) =>
          says(key, searchesFor(...[1, 2, 3, 4].map((n) => `${key} ${round} ${n}`)), round),
        ),
        ...(key === keys.at(-1) ? [says(key, { text: "lost", hold: "gate" }, 5)] : []),
        says(key, "An answer."),
      ]),
    );
    const post = fixture.post(message, { key: "k" });
    await fixture.models.wait({ calls: 12 * 5, settled: 12 * 5 - 1 });
    await answersStored(fixture, mode === "tag" ? { answers: 11 } : { steps: 12 * 9 - 2 });
    await expireLease(fixture);

    const again = await measureRequests(() => fixture.post(message, { key: "k" }));

    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    expect(again.result).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(again.maxAnswer).toBeLessThan(neonLimitBytes / 2);
    expect(await listCallers(fixture)).toHaveLength(12 * 5 + 1);
    expect(await fixture.searched()).toHaveLength(turnBounds.maxToolCallsPerTurn);
    await expectLedgerMatchesCalls(fixture);
  });
});
