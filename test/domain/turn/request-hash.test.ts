import { expect, test } from "vitest";
import { canonicalRequest, type HashedRequest } from "../../../src/domain/turn/request-hash.ts";

const base: HashedRequest = {
  kind: "turn",
  sessionId: "0199f3c0-0000-7000-8000-00000000000a",
  turnId: null,
  body: { message: "hello", modelAliasOverride: "llama" },
};

test("the order of the fields and the case of an id do not change the hash", () => {
  const body = { modelAliasOverride: "llama", message: "hello" };
  expect(canonicalRequest({ ...base, body })).toBe(canonicalRequest(base));
  expect(canonicalRequest({ ...base, sessionId: base.sessionId.toUpperCase() })).toBe(canonicalRequest(base));
});

test.each([
  ["the message", { body: { message: "hello ", modelAliasOverride: "llama" } }],
  ["an optional field", { body: { message: "hello" } }],
  ["the kind", { kind: "retry" }],
  ["the session", { sessionId: "0199f3c0-0000-7000-8000-00000000000b" }],
  ["the turn", { turnId: "0199f3c0-0000-7000-8000-00000000000a" }],
] as const)("a request with another %s has another hash", (_what, change) => {
  expect(canonicalRequest({ ...base, ...change })).not.toBe(canonicalRequest(base));
});

test("two different requests never have the same text", () => {
  const joined = { message: 'hello","modelAliasOverride":"llama' };
  expect(canonicalRequest({ ...base, body: joined })).not.toBe(canonicalRequest(base));
});
