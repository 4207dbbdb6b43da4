import { buildRequestBody } from "./build-request.ts";
import type { ModelRequest } from "./model-port.ts";
import type { AdjustableRequest } from "./repeat-refused.ts";
import type { AdjustmentMemory, RequestAdjustments } from "./request-adjustments.ts";

/** A request as its provider is known to take it, and the way to build it anew should it be refused. */
export function prepareRequest(
  request: ModelRequest,
  baseUrl: string,
  memory: AdjustmentMemory,
): AdjustableRequest {
  const { providerModel } = request.model;
  const build = (adjustments: RequestAdjustments) => buildRequestBody(request, { baseUrl, adjustments });
  const adjustments = memory.read(baseUrl, providerModel);
  return {
    body: build(adjustments),
    adjustments,
    build,
    onLearned: (lasting) => memory.store(baseUrl, providerModel, lasting),
  };
}
