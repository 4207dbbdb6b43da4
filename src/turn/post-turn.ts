import type { ClaimedRequest } from "../db/schema.ts";
import { openTurn } from "../db/turn/open-turn.ts";
import type { Deps } from "../deps.ts";
import { requireKnownModel } from "../domain/catalog.ts";
import { planTurn } from "../domain/plan/turn-plan.ts";
import { beginRun, type RunRequest } from "./begin-run.ts";
import type { BegunRun } from "./finish-run.ts";
import { planRun } from "./plan-run.ts";

export type TurnRequest = RunRequest & { request: ClaimedRequest };

/**
 * Claims the session and plans a new turn.
 * @throws PantheonError as docs/api.md lists under POST …/turns.
 */
export async function postTurn(deps: Deps, turn: TurnRequest): Promise<BegunRun> {
  const { request, sessionId } = turn;
  requireKnownModel(deps.catalog, request.modelAliasOverride);
  return beginRun(deps, turn, {
    hashed: { kind: "turn", sessionId, turnId: null, body: request },
    modelAliasOverride: request.modelAliasOverride ?? null,
    open: (common) => openTurn(deps.db, { ...common, kind: "turn", request }),
    plan: (claim) => planRun(deps, claim, planTurn({ ...claim.snapshot, ...claim.request }), []),
    retried: () => null,
  });
}
