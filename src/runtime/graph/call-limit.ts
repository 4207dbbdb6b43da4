import pLimit from "p-limit";
import { type AgentFailure, isAgentFailure } from "../../domain/turn/agent-failure.ts";
import type { CallModel, ModelAnswer } from "../model/model-port.ts";

/**
 * Lets `atOnce` calls run; the rest wait their turn. None starts once its signal has aborted, or where `mayCall`
 * says no.
 * A call that throws against its contract becomes a failure like any other.
 */
export function limitCalls(callModel: CallModel, atOnce: number, mayCall: () => boolean): CallModel {
  const limit = pLimit(atOnce);
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
