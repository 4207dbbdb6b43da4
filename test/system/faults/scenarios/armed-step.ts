import type { ModelRule } from "../../../support/node/model-script.ts";
import type { RequestKind } from "../testbed/request-kind.ts";
import type { PendingTurn } from "./pending-turn.ts";

/** A point of a run at which a fault is injected. */
export type ArmedStep = {
  /** Rules for the first holder, before those of the script. */
  rules: readonly ModelRule[];
  /** Resolves once the run has reached the point. */
  reached: Promise<unknown>;
  /** Releases what is held. With `dropped`, a request that the database has not seen never reaches it. */
  release(options: { dropped: boolean }): void;
};

/** What a model's answer waits for that is held. */
export const gate = "held until the end";

/** Reached when this request of the run is on its way, has been sent, or has been executed; `skip` pass first. */
export function atDatabase(
  { testbed, fixture }: PendingTurn,
  kind: RequestKind,
  hold: "before" | "sent" | "after",
  skip = 0,
): ArmedStep {
  const rule = testbed.gateway.inject({ kind, about: fixture.sessionId, fault: { hold }, skip });
  return { rules: [], reached: rule.triggered, release: rule.release };
}

/** Resolves once so many further calls have arrived, and so many further ones are over. */
export function waitForCalls({ fixture }: PendingTurn, calls: number, settled = 0): Promise<boolean> {
  const { journal } = fixture.models;
  const before = journal.entries.length;
  return journal.waitFor({ calls: before + calls, settled: before + settled, timeoutMs: 60_000 });
}
