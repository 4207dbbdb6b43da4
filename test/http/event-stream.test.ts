import { expect, test } from "vitest";
import { acceptsEventStream } from "../../src/http/event-stream.ts";

test.for([
  ["text/event-stream", true],
  ["application/json , Text/Event-Stream ; q=0.5", true],
  ["text/event-stream;q=0.0", false],
  ["text/event-streams", false],
  ["*/*", false],
  ["", false],
] as const)("Accept '%s' asks for a stream: %s", ([accept, expected]) => {
  expect(acceptsEventStream(accept)).toBe(expected);
  expect(acceptsEventStream(undefined)).toBe(false);
});
