import { expect, test } from "vitest";
import type { CatalogModel } from "../../../src/domain/catalog.ts";
import { standardDialect } from "../../../src/domain/model-dialect.ts";
import { createAdjustableRequest } from "../../../src/runtime/model/adjustable-request.ts";
import { plainCall } from "../../../src/runtime/model/model-port.ts";
import { createAdjustmentMemory } from "../../../src/runtime/model/request-adjustments.ts";

const model: CatalogModel = {
  alias: "house",
  provider: "own",
  providerModel: "house/one",
  contextWindowTokens: 8_192,
  multiplierHundredths: 100,
  dialect: standardDialect,
};
const unsupported = (parameter: string) => `Unsupported parameter: '${parameter}'`;

function createCalls() {
  const memory = createAdjustmentMemory();
  return (baseUrl = "https://models.example/v1") =>
    createAdjustableRequest(
      {
        ...plainCall,
        model,
        messages: [{ role: "user", content: "Hello." }],
        maxOutputTokens: 100,
        settings: { temperature: 1, top_p: 1 },
        signal: new AbortController().signal,
      },
      baseUrl,
      memory,
    );
}

test("a request is adjusted once; later calls of the same provider begin with the adjustment", () => {
  const startCall = createCalls();
  const call = startCall();
  expect(call.adjust(400, unsupported("max_tokens"))).toBe(true);
  expect(call.body()).toMatchObject({ max_completion_tokens: 100 });
  expect(startCall().body()).toHaveProperty("max_tokens");
  call.accept();
  expect(startCall().body()).not.toHaveProperty("max_tokens");
  expect(startCall("https://other.example/v1").body()).toHaveProperty("max_tokens");
});

test("a second refusal ends the call, and the next call is sent without both parameters", () => {
  const startCall = createCalls();
  const call = startCall();
  expect(call.adjust(400, unsupported("temperature"))).toBe(true);
  expect(call.adjust(400, unsupported("top_p"))).toBe(false);
  const body = startCall().body();
  expect([body.temperature, body.top_p]).toEqual([undefined, undefined]);
});

test("an adjustment that does not help is not kept", () => {
  const startCall = createCalls();
  const call = startCall();
  expect(call.adjust(400, unsupported("temperature"))).toBe(true);
  expect(call.adjust(400, "Bad request.")).toBe(false);
  expect(startCall().body()).toMatchObject({ temperature: 1 });
});

test.each([401, 404, 413, 429, 500])("status %i changes nothing", (status) => {
  expect(createCalls()().adjust(status, unsupported("temperature"))).toBe(false);
});
