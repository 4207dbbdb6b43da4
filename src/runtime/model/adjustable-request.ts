import { buildRequestBody, type RequestBody } from "./build-request.ts";
import type { ModelRequest } from "./model-port.ts";
import { adjustRefused, describeSent, isAdjustableStatus } from "./refused-parameters.ts";
import type { AdjustmentMemory, RequestAdjustments } from "./request-adjustments.ts";

/** A request as its provider is known to take it, which gives way once to what the provider refuses. */
export type AdjustableRequest = {
  /** As it is to be sent now. */
  body(): RequestBody;
  /** Takes in a refusal; true: the request is another one now, and is to be sent again. */
  adjust(status: number, refusal: string): boolean;
  /** The request as it is now was taken. */
  accept(): void;
};

/**
 * A refusal is believed for later calls once the request without the parameter is taken, or is refused for another
 * one.
 */
export function createAdjustableRequest(
  request: ModelRequest,
  baseUrl: string,
  memory: AdjustmentMemory,
): AdjustableRequest {
  const { providerModel } = request.model;
  const known = memory.read(baseUrl, providerModel);
  let body = buildRequestBody(request, { baseUrl, adjustments: known });
  let believed: RequestAdjustments | null = null;
  const store = (adjustments: RequestAdjustments) => memory.store(baseUrl, providerModel, adjustments);
  return {
    body: () => body,
    adjust(status, refusal) {
      if (!isAdjustableStatus(status)) return false;
      const adjusted = adjustRefused(refusal, describeSent(body), believed ?? known);
      if (adjusted === null) return false;
      if (believed !== null) {
        store(adjusted.lasting);
        return false;
      }
      believed = adjusted.lasting;
      body = buildRequestBody(request, { baseUrl, adjustments: adjusted.adjustments });
      return true;
    },
    accept() {
      if (believed !== null) store(believed);
    },
  };
}
