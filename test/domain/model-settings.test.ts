import fc from "fast-check";
import { expect, test } from "vitest";
import { agentOutputTokens, readModelSettings } from "../../src/domain/model-settings.ts";

test.each([
  [{ temperature: 0, top_p: 1, max_output_tokens: 1, reasoning_effort: "high" }],
  [{ temperature: 2, top_p: 0 }],
  [{}],
])("stored settings within their bounds are read unchanged: %j", (settings) => {
  expect(readModelSettings(settings)).toEqual(settings);
});

test.each([
  [null],
  ["high"],
  [[0.5]],
  [{ temperature: 2.1, top_p: "1", max_output_tokens: 0.5, reasoning_effort: "none" }],
  [JSON.parse('{"__proto__":1,"constructor":2,"toString":3}')],
])("a stored value that is no setting is ignored: %j", (stored) => {
  expect(readModelSettings(stored)).toEqual({});
});

test("reading is safe for any stored value, and reading twice changes nothing", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (stored) => {
      const settings = readModelSettings(stored);
      expect(readModelSettings(settings)).toEqual(settings);
    }),
  );
});

test("an agent's answer limit is the smaller one of its own and the deployment's", () => {
  expect(agentOutputTokens(undefined, 2_048)).toBe(2_048);
  expect(agentOutputTokens({ max_output_tokens: 100 }, 2_048)).toBe(100);
  expect(agentOutputTokens({ max_output_tokens: 4_096 }, 2_048)).toBe(2_048);
});
