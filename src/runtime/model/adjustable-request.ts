import { buildRequestBody, type RequestBody } from "./build-request.ts";
import type { ModelRequest } from "./model-port.ts";
import { adjustRefused, describeSent, isAdjustableStatus } from "./refused-parameters.ts";
import type { AdjustmentMemory, RequestAdjustments } from "./request-adjustments.ts";

/** A request in the form that its provider accepts. It is adjusted once after a refusal. */
export type AdjustableRequest = {
  /** The body to send now. */
  body(): RequestBody;
  /** Adjusts the request to a refusal. True: the body has changed and is to be sent again. */
  adjust(status: number, refusal: string): boolean;
  /** To be called when the provider has accepted the current body. */
  accept(): void;
};

/**
 * An adjustment is kept for later calls once the request without the parameter is accepted, or is refused because of
 * another parameter.
 */
export function createAdjustableRequest(
  request: ModelRequest,
  baseUrl: string,
  memory: AdjustmentMemory,
): AdjustableRequest {
  const { providerModel } = request.model;
  const known = memory.read(baseUrl, providerModel);
  let body = buildRequestBody(request, { baseUrl, adjustments: known });
  let adjustment: RequestAdjustments | null = null;
  const store = (adjustments: RequestAdjustments) => memory.store(baseUrl, providerModel, adjustments);
  return {
    body: () => body,
    adjust(status, refusal) {
      if (!isAdjustableStatus(status)) return false;
      const adjusted = adjustRefused(refusal, describeSent(body), adjustment ?? known);
      if (adjusted === null) return false;
      if (adjustment !== null) {
        store(adjusted.lasting);
        return false;
      }
      adjustment = adjusted.lasting;
      body = buildRequestBody(request, { baseUrl, adjustments: adjusted.adjustments });
      return true;
    },
    accept() {
      if (adjustment !== null) store(adjustment);
    },
  };
}
