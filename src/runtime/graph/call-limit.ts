import pLimit from "p-limit";
import { type AgentFailure, isAgentFailure } from "../../domain/turn/agent-failure.ts";
import type { CallModel, ModelAnswer } from "../model/model-port.ts";

/**
 * Runs at most `maxConcurrent` calls; the others wait. A call does not start if its signal has aborted or `mayCall`
 * returns false. A call that throws breaks its contract; it becomes a failure like any other.
 */
export function limitCalls(callModel: CallModel, maxConcurrent: number, mayCall: () => boolean): CallModel {
  const limit = pLimit(maxConcurrent);
  return (request) =>
    limit(async () => {
      if (!mayCall()) return notAnswered({ code: "deadline", message: "The run was stopped." });
      if (request.signal.aborted) return notAnswered(abortFailure(request.signal));
      try {
        return await callModel(request);
      } catch {
        return notAnswered({ code: "model_error", message: "The model call broke." });
      }
    });
}

function abortFailure({ reason }: AbortSignal): AgentFailure {
  return isAgentFailure(reason) ? reason : { code: "deadline", message: "The call was not started." };
}

function notAnswered(failure: AgentFailure): ModelAnswer {
  return { ok: false, failure, billed: [], attempts: 0 };
}
