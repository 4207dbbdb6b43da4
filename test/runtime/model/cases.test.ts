import { describe, expect, test } from "vitest";
import { classifyProviderError, readErrorBody } from "../../../src/runtime/model/provider-error.ts";
import { toolCallsOf } from "../../../src/runtime/model/tool-call-assembly.ts";
import { toTokenUsage } from "../../../src/runtime/model/usage-report.ts";
import { parseJson } from "../../../src/runtime/model/wire-values.ts";
import streams from "../../cases/model-streams.json" with { type: "json" };
import toolCalls from "../../cases/tool-calls.json" with { type: "json" };
import usages from "../../cases/usage.json" with { type: "json" };
import { chunkOf, readChunks, readText } from "./read-answer.ts";

type StreamCase = {
  name: string;
  status: number;
  body: string;
  expect: { reply?: string; error?: string; finish_reason?: string; usage_source?: string };
};

describe("the reader of answers reads a stream of public reports", () => {
  const answered = (streams as StreamCase[]).filter(({ status }) => status === 200);
  test.each(answered.map((one) => [one.name, one] as const))("%s", (_name, { body, expect: right }) => {
    const { answer, streamed, failure, finishReason } = readText(body);
    expect(failure?.code).toBe(right.error);
    if (right.reply === undefined) return;
    expect(answer.text).toBe(right.reply);
    expect(streamed).toBe(right.reply);
    if (right.finish_reason !== undefined) expect(finishReason).toBe(right.finish_reason);
    if (right.usage_source !== undefined) {
      expect(answer.usage === null ? "estimated" : "provider").toBe(right.usage_source);
    }
  });

  const refused = (streams as StreamCase[]).filter(({ status }) => status !== 200);
  test.each(refused.map((one) => [one.name, one] as const))(
    "%s",
    (_name, { status, body, expect: right }) => {
      const error = readErrorBody(status, parseJson(body) ?? body);
      expect(classifyProviderError(error, "LLM_API_KEY").code).toBe(right.error);
    },
  );
});

describe("the reader of answers assembles the tool calls of public reports", () => {
  const running = toolCalls.filter((one) => one.expect.runs !== undefined);
  test.each(running.map((one) => [one.name, one] as const))(
    "%s",
    (_name, { first_answer, expect: right }) => {
      const { answer, failure } = readChunks(first_answer);
      expect(failure).toBeNull();
      const queries = toolCallsOf(answer.calls).flatMap(({ name, argumentsText }) => {
        expect(name).toBe("search");
        const parsed = parseJson(argumentsText) as { query: string } | undefined;
        return parsed === undefined ? [] : [parsed.query];
      });
      expect(queries).toEqual(right.runs);
    },
  );
});

describe("the reader of answers counts the usage of public reports", () => {
  test.each(usages.map((one) => [one.name, one] as const))("%s", (_name, one) => {
    const { answer } = readChunks([
      chunkOf({ content: one.answer }),
      chunkOf({}, "stop"),
      ...one.usage_chunks.map((usage) => ({ id: "gen-1", choices: [], usage })),
    ]);
    const { source, fresh, cached, output } = one.expect;
    expect(answer.usage === null ? "estimated" : "provider").toBe(source);
    if (answer.usage === null) return;
    const usage = toTokenUsage(answer.usage, answer.reasoning.characters > 0);
    expect(usage).toEqual({ fresh, cached: cached ?? 0, output });
  });
});
