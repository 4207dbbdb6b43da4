import { expect, test } from "vitest";
import {
  bothFileTokens,
  createFileTokens,
  type FileTokenReservation,
} from "../../../src/domain/files/file-tokens.ts";

const tokensOf = (reserved: FileTokenReservation | null) => reserved?.tokens ?? null;

test("calls that run at once hold no more than there is; one that finds nothing waits for what others give back", async () => {
  const tokens = createFileTokens(1_000);
  const [first, second] = [await tokens.reserve(800), await tokens.reserve(800)];
  expect([tokensOf(first), tokensOf(second)]).toEqual([800, 200]);
  const waiting = [tokens.reserve(800), tokens.reserve(800)];
  first?.end(300);
  expect(tokensOf((await waiting[0]) ?? null)).toBe(500);
  second?.end(200);
  (await waiting[0])?.end(450);
  // 50 are left, and nobody holds any.
  expect(await waiting[1]).toBeNull();
  expect(tokensOf(await tokens.reserve(40))).toBe(40);
});

test("what two bounds allow is the less of both, and what the second refuses is given back to the first", async () => {
  const [turn, agent] = [createFileTokens(1_000), createFileTokens(300)];
  const both = bothFileTokens(turn, agent);
  const reserved = await both.reserve(800);
  expect(tokensOf(reserved)).toBe(300);
  reserved?.end(300);
  expect(await both.reserve(800)).toBeNull();
  expect(tokensOf(await turn.reserve(800))).toBe(700);
});
