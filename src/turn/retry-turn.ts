import { openRetry } from "../db/turn/open-turn.ts";
import type { StoredTurn } from "../db/turn/stored-turn.ts";
import type { Deps } from "../deps.ts";
import type { SameTurnAnswer } from "../domain/context/prompt.ts";
import { planRetry } from "../domain/plan/turn-plan.ts";
import { currentReplies, failedAgentKeys } from "../domain/turn/current-replies.ts";
import { beginRun, type RunRequest } from "./begin-run.ts";
import type { BegunRun } from "./finish-run.ts";
import { planRun } from "./plan-run.ts";

/**
 * Claims the session for a further run of its latest turn: the agents that failed, in the turn's own mode,
 * with the context as it is now and the turn's other answers.
 * @throws PantheonError as docs/api.md lists under POST …/retry.
 */
export function retryTurn(deps: Deps, request: RunRequest & { turnId: string }): Promise<BegunRun> {
  const { sessionId, turnId } = request;
  return beginRun(deps, request, {
    hashed: { kind: "retry", sessionId, turnId, body: {} },
    modelAliasOverride: null,
    open: (common) => openRetry(deps.db, { ...common, kind: "retry", turnId }),
    plan: (claim) => {
      const { mode, roster } = claim.snapshot;
      const verdict = planRetry(mode, roster, failedAgentKeys(claim.stored.messages));
      return planRun(deps, claim, verdict, storedAnswers(claim.stored));
    },
    retried: (claim) => claim.stored,
  });
}

function storedAnswers({ messages }: StoredTurn): SameTurnAnswer[] {
  const completed = currentReplies(messages).filter(({ status }) => status === "completed");
  return completed.map(({ agentKey, agentName, content }) => ({
    agentKey: agentKey ?? "",
    agentName: agentName ?? agentKey ?? "",
    content,
  }));
}
