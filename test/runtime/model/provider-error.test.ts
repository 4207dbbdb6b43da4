import { describe, expect, test } from "vitest";
import {
  classifyProviderError,
  readCountedTokens,
  readErrorBody,
} from "../../../src/runtime/model/provider-error.ts";

const classify = (status: number, body: unknown) =>
  classifyProviderError(readErrorBody(status, body), "OPENAI_API_KEY");

describe("what a provider's refusal means", () => {
  test.each<[string, number, unknown, string]>([
    ["nothing said", 400, "", "model_error"],
    ["a page", 404, "<html>Not found</html>", "model_error"],
    ["a page of a gateway", 413, "<html>Request Entity Too Large</html>", "model_error"],
    ["a filter's code", 400, { error: { code: "content_filter", message: "x" } }, "model_refused"],
    [
      "a filter's inner code",
      400,
      { error: { code: "BadRequest", innererror: { code: "ResponsibleAIPolicyViolation" } } },
      "model_refused",
    ],
    [
      "what moderation flagged",
      403,
      { error: { code: 403, message: "Input was flagged", metadata: { reasons: ["violence"] } } },
      "model_refused",
    ],
    ["a moderation's code", 400, { error: { type: "moderation_blocked", message: "x" } }, "model_refused"],
    ["a bad key that speaks of safety", 401, { error: { message: "safety system says no" } }, "model_error"],
    [
      "a context's code",
      400,
      { error: { code: "context_length_exceeded", message: "x" } },
      "context_budget_exceeded",
    ],
    [
      "a context's words",
      400,
      { error: { message: "the request exceeds the available context size" } },
      "context_budget_exceeded",
    ],
    [
      "a prompt's words",
      400,
      { error: { message: "prompt is too long: 210000 tokens > 200000 maximum" } },
      "context_budget_exceeded",
    ],
    [
      "an input's words",
      400,
      [
        {
          error: {
            code: 400,
            message: "The input token count (99999) exceeds the maximum number of tokens allowed (8192).",
          },
        },
      ],
      "context_budget_exceeded",
    ],
    [
      "an error that is a text",
      413,
      { error: "maximum context length is 8192 tokens" },
      "context_budget_exceeded",
    ],
    ["a detail", 422, { detail: "Input is too long for requested model." }, "context_budget_exceeded"],
    [
      "a limit of tokens a minute",
      413,
      { error: { code: "rate_limit_exceeded", message: "Request too large: context length" } },
      "model_rate_limited",
    ],
    ["a rate", 429, { error: { message: "context length" } }, "model_rate_limited"],
    ["a fault", 500, { error: { message: "x" } }, "model_error"],
  ])("%s", (_what, status, body, code) => {
    expect(classify(status, body).code).toBe(code);
  });

  test.each([
    [401, "OPENAI_API_KEY"],
    [402, "OPENAI_API_KEY"],
    [403, "OPENAI_API_KEY"],
    [307, "redirect"],
    [418, "418"],
  ])("status %d: the message names %s and has no text of the provider", (status, word) => {
    const { message } = classify(status, { error: { message: "key sk-123 is wrong" } });
    expect(message).toContain(word);
    expect(message).not.toContain("sk-123");
  });

  test.each([
    [
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
      9_001,
    ],
    ["maximum context length is 131072 tokens. However, you requested 140,000 tokens", 140_000],
    ["prompt is too long: it has 210000 tokens", 210_000],
    ["prompt is too long: 210000 tokens > 200000 maximum", 210_000],
    [
      "maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion).",
      4_000,
    ],
    [
      "maximum context length is 8192 tokens. However, you requested about 9000 tokens (8500 of text input, 500 in the output).",
      8_500,
    ],
    ["The input token count (99999) exceeds the maximum number of tokens allowed (8192).", 99_999],
    ["maximum context length is 8192 tokens.", null],
    ["no", null],
  ])("the tokens that it counted: %s", (message, tokens) => {
    expect(readCountedTokens(readErrorBody(400, { error: { message } }))).toBe(tokens);
  });
});
