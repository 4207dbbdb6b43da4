import { expect, test, vi } from "vitest";
import { acceptsEventStream, openEventStream } from "../../src/http/event-stream.ts";
import { readFrames } from "../support/event-reader.ts";

const never = 2 ** 31 - 1;

test("each event is sent at once as one data line", async () => {
  const stream = openEventStream({ keepAliveMs: never });
  const reader = stream.body.getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  stream.send({ text: "line\r\nbreaks\u2028" });
  expect(await read()).toBe('data: {"text":"line\\r\\nbreaks\u2028"}\n\n');
  const waiting = read();
  stream.send({ n: 2 });
  expect(await waiting).toBe('data: {"n":2}\n\n');
  stream.end({ n: 3 });
  expect(await read()).toBe('data: {"n":3}\n\n');
  expect(await reader.read()).toEqual({ done: true, value: undefined });
});

test("a comment keeps an idle stream open until its end", async () => {
  const stream = openEventStream({ keepAliveMs: 1 });
  const frames = readFrames(new Response(stream.body));
  expect((await frames.next()).value).toBe(": keep-alive");
  expect((await frames.next()).value).toBe(": keep-alive");
  stream.end({ type: "end" });
  const rest: string[] = [];
  for await (const frame of frames) rest.push(frame);
  expect(rest.at(-1)).toBe('data: {"type":"end"}');
});

test("a comment is sent every 15 s", () => {
  vi.useFakeTimers();
  try {
    const onEnd = vi.fn();
    // Nobody reads: the third comment finds no room left by the first two.
    openEventStream({ maxUnreadBytes: ": keep-alive\n\n".length * 2, onEnd });
    vi.advanceTimersByTime(44_999);
    expect(onEnd).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onEnd).toHaveBeenCalledExactlyOnceWith("backpressure");
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("a reader that leaves too much unread loses the stream; further writes do nothing", async () => {
  const onEnd = vi.fn();
  const stream = openEventStream({ keepAliveMs: never, maxUnreadBytes: 100, onEnd });
  stream.send({ text: "x".repeat(200) });
  expect(onEnd).not.toHaveBeenCalled();
  stream.send({ text: "one too many" });
  expect(onEnd).toHaveBeenCalledExactlyOnceWith("backpressure");
  stream.send({ text: "after" });
  stream.end({ text: "the end" });
  expect(onEnd).toHaveBeenCalledTimes(1);
  await expect(new Response(stream.body).text()).rejects.toThrow("The event stream was cut.");
});

test("the last event is written however much is unread", async () => {
  const stream = openEventStream({ keepAliveMs: never, maxUnreadBytes: 100 });
  stream.send({ text: "x".repeat(200) });
  stream.end({ text: "the end" });
  expect(await new Response(stream.body).text()).toContain('data: {"text":"the end"}\n\n');
});

test("the writer goes on when its reader disconnects", async () => {
  const onEnd = vi.fn();
  const stream = openEventStream({ keepAliveMs: never, onEnd });
  await stream.body.cancel();
  expect(onEnd).toHaveBeenCalledExactlyOnceWith("client_disconnected");
  stream.send({ n: 1 });
  stream.end({ n: 2 });
  stream.end({ n: 3 });
  expect(onEnd).toHaveBeenCalledTimes(1);
});

test("an event that cannot be written ends the stream and does not throw", async () => {
  const onEnd = vi.fn();
  const stream = openEventStream({ keepAliveMs: never, onEnd });
  stream.send({ n: 1n });
  expect(onEnd).toHaveBeenCalledExactlyOnceWith("serialization_failed");
  await expect(new Response(stream.body).text()).rejects.toThrow("The event stream was cut.");
});

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
