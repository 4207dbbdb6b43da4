import pLimit from "p-limit";
import { type AgentFailure, isAgentFailure } from "../../domain/turn/agent-failure.ts";
import type { CallModel, ModelAnswer } from "../model/model-port.ts";

/**
 * Runs at most `maxConcurrent` calls; the others wait. A call does not start if its signal has aborted or `mayCall`
 * returns false. A call that throws breaks its contract; it becomes a failure like any other.
 * @param pay comes before each call that may start, and may let it wait or refuse it.
 */
export function limitCalls(
  callModel: CallModel,
  maxConcurrent: number,
  mayCall: () => boolean,
  pay: (callModel: CallModel) => CallModel = (paid) => paid,
): CallModel {
  const limit = pLimit(maxConcurrent);
  const guarded: CallModel = async (request) => {
    if (!mayCall()) return notAnswered({ code: "deadline", message: "The run was stopped." });
    if (request.signal.aborted) return notAnswered(abortFailure(request.signal));
    try {
      return await callModel(request);
    } catch {
      return notAnswered({ code: "model_error", message: "The model call broke." });
    }
  };
  const paid = pay(guarded);
  return (request) => limit(() => paid(request));
}

function abortFailure({ reason }: AbortSignal): AgentFailure {
  return isAgentFailure(reason) ? reason : { code: "deadline", message: "The call was not started." };
}

/** The answer of a call that was not made. */
export function notAnswered(failure: AgentFailure): ModelAnswer {
  return { ok: false, failure, billed: [], attempts: 0 };
}
