import { expect, test } from "vitest";
import { adjustRefused, type SentParameters } from "../../../src/runtime/model/refused-parameters.ts";
import { noAdjustments } from "../../../src/runtime/model/request-adjustments.ts";

const sent: SentParameters = {
  parameters: new Set(["model", "max_tokens", "temperature", "top_p", "reasoning_effort", "stream_options"]),
  maxTokensField: "max_tokens",
  fields: new Set(["reasoning", "reasoning_content"] as const),
};
const refusedBy = (refusal: unknown, change: Partial<SentParameters> = {}) =>
  adjustRefused(
    typeof refusal === "string" ? refusal : JSON.stringify(refusal),
    { ...sent, ...change },
    noAdjustments,
  );

test.each<[string, unknown, object]>([
  [
    "OpenAI, the limit's other name",
    {
      error: {
        message:
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        param: "max_tokens",
        code: "unsupported_parameter",
      },
    },
    { maxTokensField: "max_completion_tokens" },
  ],
  [
    "OpenAI, a value that is not the default",
    {
      error: {
        message:
          "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
        param: "temperature",
        code: "unsupported_value",
      },
    },
    { dropped: ["temperature"] },
  ],
  [
    "Azure",
    { error: { message: "Unrecognized request argument supplied: stream_options", code: null } },
    { dropped: ["stream_options"] },
  ],
  [
    "Mistral",
    {
      detail: [
        { type: "extra_forbidden", loc: ["body", "reasoning_effort"], msg: "Extra inputs are not permitted" },
      ],
    },
    { dropped: ["reasoning_effort"] },
  ],
  [
    "Gemini",
    [{ error: { message: 'Invalid JSON payload received. Unknown name "top_p": Cannot find field.' } }],
    { dropped: ["top_p"] },
  ],
  [
    "xAI",
    { error: "Model grok-4 does not support parameter reasoningEffort." },
    { dropped: ["reasoning_effort"] },
  ],
  [
    "LiteLLM, two at once",
    {
      error: {
        message: "litellm.UnsupportedParamsError: does not support parameters: ['temperature', 'top_p']",
      },
    },
    { dropped: ["temperature", "top_p"] },
  ],
  ["plain text", "unknown parameter stream_options", { dropped: ["stream_options"] }],
  [
    "Groq, a field of its own",
    {
      error: {
        message:
          "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'reasoning' is unsupported)]",
      },
    },
    { unsentFields: ["reasoning"] },
  ],
])("%s", (_, refusal, adjusted) => {
  const expected = { ...noAdjustments, ...adjusted };
  expect(refusedBy(refusal)).toEqual({ adjustments: expected, lasting: expected });
});

test("a field that a refusal names without calling it unsupported is left out once", () => {
  const refusal = { error: { message: "messages.1.reasoning_content: bad signature" } };
  expect(refusedBy(refusal)).toEqual({
    adjustments: { ...noAdjustments, unsentFields: ["reasoning_content"] },
    lasting: noAdjustments,
  });
});

test.each<[string, unknown]>([
  [
    "a limit that is too large",
    { error: { message: "max_tokens is too large: 9000. At most 4096 are supported; unsupported value." } },
  ],
  ["a value out of range", { error: { message: "temperature must be between 0 and 1" } }],
  ["a model that is unknown", { error: { message: "The model `house` is unknown" } }],
  ["another parameter", { error: { message: "Unsupported parameter: 'tools'" } }],
  ["a name within a name", { error: { message: "Unsupported: my_temperature_x, top_px" } }],
  ["nothing at all", ""],
])("a refusal for %s changes nothing", (_, refusal) => {
  expect(refusedBy(refusal)).toBeNull();
});

test("a refusal about a parameter that was not sent changes nothing", () => {
  const refusal = { error: { message: "Unsupported: temperature, reasoning" } };
  expect(refusedBy(refusal, { parameters: new Set(["max_tokens"]), fields: new Set() })).toBeNull();
});

test("the token limit gets its first name back, and earlier adjustments stay", () => {
  const before = {
    maxTokensField: "max_completion_tokens",
    dropped: ["top_p"],
    unsentFields: ["reasoning"],
  } as const;
  const refusal = JSON.stringify({
    error: { message: "Unrecognized request argument supplied: max_completion_tokens" },
  });
  const adjusted = adjustRefused(refusal, { ...sent, maxTokensField: "max_completion_tokens" }, before);
  expect(adjusted?.lasting).toEqual({ ...before, maxTokensField: "max_tokens" });
});
