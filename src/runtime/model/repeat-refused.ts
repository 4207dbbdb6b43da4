import type { RequestBody } from "./build-request.ts";
import { adjustRefused, describeSent, isAdjustableStatus } from "./refused-parameters.ts";
import type { RequestAdjustments } from "./request-adjustments.ts";

export type AdjustableRequest = {
  /** As it is sent at first, with these adjustments. */
  body: RequestBody;
  adjustments: RequestAdjustments;
  build: (adjustments: RequestAdjustments) => RequestBody;
  /** Told what the provider does not take, for the calls to come. */
  onLearned: (lasting: RequestAdjustments) => void;
};

/** More of a refusal is not looked at. */
const maxRefusalBytes = 64 * 1024;

/**
 * A `fetch` that repeats a request once without what its provider refused. What the SDK sends again after that is
 * the adjusted request. A refusal is believed once the request without the parameter is answered, or is refused
 * for another one.
 */
export function repeatRefused(send: typeof fetch, request: AdjustableRequest): typeof fetch {
  let adjusted: string | null = null;
  return async (input, init) => {
    if (adjusted !== null) return send(input, { ...init, body: adjusted });
    const response = await send(input, init);
    if (!isAdjustableStatus(response.status)) return response;
    const refusal = await readStart(response);
    const first = adjustRefused(refusal, describeSent(request.body), request.adjustments);
    if (first === null) return withBody(response, refusal);
    const body = request.build(first.adjustments);
    adjusted = JSON.stringify(body);
    const repeated = await send(input, { ...init, body: adjusted });
    if (repeated.ok) request.onLearned(first.lasting);
    if (!isAdjustableStatus(repeated.status)) return repeated;
    const nextRefusal = await readStart(repeated);
    const next = adjustRefused(nextRefusal, describeSent(body), first.lasting);
    if (next !== null) request.onLearned(next.lasting);
    return withBody(repeated, nextRefusal);
  };
}

async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  while (reader !== undefined && bytes < maxRefusalBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  // A peer that sends on is not waited for.
  reader?.cancel().catch(() => undefined);
  return text;
}

function withBody({ status, headers }: Response, text: string): Response {
  const plain = new Headers(headers);
  plain.delete("content-length");
  plain.delete("content-encoding");
  return new Response(text, { status, headers: plain });
}
