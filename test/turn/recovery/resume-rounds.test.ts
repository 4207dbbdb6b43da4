import { expect, test } from "vitest";
import { createTurnScene } from "../../support/turn-scene.ts";
import {
  agentSays,
  managerPicksInRounds,
  managerSays,
  replySteps,
  synthesisSays,
} from "../modes/support/asked.ts";
import { expectLedgerMatchesCalls } from "./support/books.ts";
import { asked, flushed, lapse } from "./support/dead-holder.ts";

/** The calls of a turn of two rounds with a synthesis, in their order. */
const calls = ["manager", "ada", "bob", "manager", "ada", "synthesis"];

test.each([1, 2, 3, 4, 5, 6])(
  "a turn of two rounds with a synthesis whose holder is lost in call %s asks that call alone again",
  async (lostCall) => {
    const scene = await createTurnScene({
      agents: ["ada", "bob"],
      mode: "orchestrator",
      orchestration: { maxRounds: 2, synthesis: "manager" },
    });
    const held = { text: "lost", hold: "gate" };
    const isHeld = (call: number) => (call === lostCall ? [held] : []);
    await scene.models.script(
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
    const post = scene.post("hello", { key: "k" });
    await scene.models.wait({ calls: lostCall });
    // Of a run that has no answer yet nothing is stored.
    if (lostCall > 1) await flushed(scene, { steps: lostCall - 1 });
    await lapse(scene);

    const { status, body } = await scene.post("hello", { key: "k" });
    const askedFor = await asked(scene);
    await scene.models.release("gate");
    await post;

    expect(status).toBe(201);
    expect(replySteps(body)).toEqual(["ada#1", "bob#1", "ada#2", "synthesis"]);
    expect(body).toMatchObject({ status: "completed", assistant_output: "in one" });
    expect(askedFor).toEqual(calls.toSpliced(lostCall, 0, calls[lostCall - 1] ?? ""));
    await expectLedgerMatchesCalls(scene);
  },
);
