import { describe, expect, test } from "vitest";
import {
  createTurnLimiter,
  measureStoredTurn,
  noUse,
  toolLimitCode,
  turnBounds,
} from "../../../src/domain/turn/turn-limiter.ts";

const keys = Array.from({ length: 12 }, (_, n) => `agent-${n}`);
const { maxToolResultBytes, maxModelBytesPerTurn } = turnBounds;

describe("tool calls", () => {
  test("have room for four in one answer", () => {
    const size = createTurnLimiter(noUse, 0);
    const nths = [1, 2, 3, 4, 5, 16];
    expect(nths.map((nth) => size.startToolCall("ada", nth) !== null)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  test("have room for 16 of one agent and 48 of all, in any order", () => {
    const size = createTurnLimiter(noUse, 0);
    const ran = keys.map((key) => {
      let calls = 0;
      for (let call = 0; call < 20; call += 1) {
        const end = size.startToolCall(key, 1);
        if (end === null) continue;
        end("short");
        calls += 1;
      }
      return calls;
    });
    expect(ran).toEqual([16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("are refused when the next result might exceed the agent's limit", () => {
    const size = createTurnLimiter(noUse, 0);
    const result = "\u0001".repeat((maxToolResultBytes - 2) / 6);
    let calls = 0;
    for (
      let end = size.startToolCall("ada", 1);
      end !== null && calls < 100;
      end = size.startToolCall("ada", 1)
    ) {
      end(result);
      calls += 1;
    }
    expect(calls).toBe(turnBounds.maxToolBytesPerAgent / maxToolResultBytes);
    expect(size.startToolCall("bob", 1)).not.toBeNull();
  });

  test("that run at once each reserve room for the largest result", () => {
    const size = createTurnLimiter(noUse, 0);
    const ends = Array.from({ length: 16 }, () => size.startToolCall("ada", 1));
    expect(ends.filter((end) => end !== null)).toHaveLength(8);
    for (const end of ends) end?.("short");
    expect(size.startToolCall("ada", 1)).not.toBeNull();
  });
});

test("texts of models have room up to the last byte, counted as JSON", () => {
  const size = createTurnLimiter(noUse, 0);
  const japanese = "語".repeat(maxModelBytesPerTurn / 2 / 3 - 20);
  const control = "\u0001".repeat(maxModelBytesPerTurn / 2 / 6 - 20);
  const left = maxModelBytesPerTurn - (2 + 3 * japanese.length) - (2 + 6 * control.length);
  expect(size.takeModelText(japanese)).toBe(true);
  expect(size.takeModelText(control)).toBe(true);
  expect(size.takeModelText("x".repeat(left - 1))).toBe(false);
  expect(size.takeModelText("x".repeat(left - 2))).toBe(true);
  expect(size.takeModelText("")).toBe(false);
});

test("a retry has what the turn's earlier runs have left; refused calls do not count", async () => {
  const used = measureStoredTurn({
    messages: [
      { role: "user", content: "not counted", partial: null },
      { role: "assistant", content: "x".repeat(maxModelBytesPerTurn - 20), partial: "x".repeat(8) },
      { role: "tool", content: "語", partial: null },
    ],
    toolEvents: [
      { toolName: "search", status: "success", output: { results: 1 } },
      { toolName: "search", status: "denied", output: { error: toolLimitCode } },
      { toolName: "file_read", status: "error", output: null },
      { toolName: "file_read", status: "success", output: { file_id: "f", pages: [1], tokens: 700 } },
      { toolName: "file_search", status: "success", output: { results: 1, files: [], tokens: 50 } },
      { toolName: "search", status: "success", output: { tokens: 9_000 } },
    ],
  });
  expect(used).toMatchObject({
    toolCalls: 5,
    toolBytes: 5,
    modelBytes: maxModelBytesPerTurn - 8,
    fileTokens: 750,
  });
  const size = createTurnLimiter(used, 1_000);
  expect((await size.fileTokens.reserve(8_000))?.tokens).toBe(250);
  expect(size.takeModelText("1234567")).toBe(false);
  expect(size.takeModelText("123456")).toBe(true);
});
