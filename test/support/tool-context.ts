import { createFileTokens } from "../../src/domain/files/file-tokens.ts";
import type { RunIdentity } from "../../src/domain/run-identity.ts";
import type { ToolContext } from "../../src/domain/tool.ts";

export const someIdentity: RunIdentity = {
  userId: "user-1",
  roomId: "0199f3c0-0000-7000-8000-00000000000a",
  sessionId: "0199f3c0-0000-7000-8000-00000000000b",
};

/** What a tool is given; without a signal of the test's own, nothing stops it. */
export function toolContext(signal: AbortSignal = new AbortController().signal): ToolContext {
  return { ...someIdentity, signal, fileTokens: createFileTokens(24_000), attached: new Map() };
}
