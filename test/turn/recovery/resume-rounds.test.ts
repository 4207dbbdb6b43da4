import { expect, test } from "vitest";
import { createTurnFixture } from "../../support/turn-fixture.ts";
import {
  agentSays,
  managerPicksInRounds,
  managerSays,
  replySteps,
  synthesisSays,
} from "../modes/support/model-calls.ts";
import { answersStored, expireLease, listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

/** The calls of a turn of two rounds with a synthesis, in their order. */
const calls = ["manager", "ada", "bob", "manager", "ada", "synthesis"];

test.each([1, 2, 3, 4, 5, 6])(
  "in a turn of two rounds with a synthesis, a holder that is lost in call %s leaves only that call to repeat",
  async (lostCall) => {
    const fixture = await createTurnFixture({
      agents: ["ada", "bob"],
      mode: "orchestrator",
      orchestration: { maxRounds: 2, synthesis: "manager" },
    });
    const held = { text: "lost", hold: "gate" };
    const isHeld = (call: number) => (call === lostCall ? [held] : []);
    await fixture.models.script(
      ...isHeld(1).map((answer) => managerSays(answer, 1)),
      ...isHeld(2).map((answer) => agentSays("ada", answer, 1)),
      ...isHeld(3).map((answer) => agentSays("bob", answer, 1)),
      ...isHeld(4).map((answer) => managerSays(answer, 2)),
      ...isHeld(5).map((answer) => agentSays("ada", answer, 2)),
      ...isHeld(6).map((answer) => synthesisSays(answer, 1)),
      // What was held is asked once more, so that the answers after it are counted one further.
      ...managerPicksInRounds(
        ...(lostCall === 1 ? [[], ["ada", "bob"], ["ada"]] : [["ada", "bob"], ["ada"], ["ada"]]),
      ),
      synthesisSays("in one"),
      agentSays("ada", "Ada's answer"),
      agentSays("bob", "Bob's answer"),
    );
    const post = fixture.post("hello", { key: "k" });
    await fixture.models.wait({ calls: lostCall });
    // Of a run that has no answer yet nothing is stored.
    if (lostCall > 1) await answersStored(fixture, { steps: lostCall - 1 });
    await expireLease(fixture);

    const { status, body } = await fixture.post("hello", { key: "k" });
    const askedFor = await listCallers(fixture);
    await fixture.models.release("gate");
    await post;

    expect(status).toBe(201);
    expect(replySteps(body)).toEqual(["ada#1", "bob#1", "ada#2", "synthesis"]);
    expect(body).toMatchObject({ status: "completed", assistant_output: "in one" });
    expect(askedFor).toEqual(calls.toSpliced(lostCall, 0, calls[lostCall - 1] ?? ""));
    await expectLedgerMatchesCalls(fixture);
  },
);
