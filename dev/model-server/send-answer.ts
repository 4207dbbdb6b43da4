import { once } from "node:events";
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { createGzip } from "node:zlib";
import type { ModelAnswer } from "./answer.ts";
import type { ChatCall } from "./chat-call.ts";
import { type Completion, completionBody } from "./completion.ts";
import { completionChunks, errorEvent } from "./stream-chunks.ts";

const maxOpenMs = 30_000;

/** One answer on its way. `waitForGate` resolves when the named gate is open. */
export type Delivery = {
  response: ServerResponse;
  call: ChatCall;
  answer: ModelAnswer;
  completion: Completion;
  waitForGate(gate: string): Promise<void>;
};

/**
 * Sends the answer to the client: delays, gates and faults in the order of the fields of ModelAnswer.
 * Gives true when the answer was sent to its end, false when a fault cut it. Rejects when the client
 * goes away meanwhile, which is how a hanging answer ends.
 */
export async function sendAnswer(delivery: Delivery): Promise<boolean> {
  const { response, call, answer, waitForGate } = delivery;
  if (answer.delay_ms) await delay(answer.delay_ms, undefined, { signal: call.clientClosed });
  if (answer.hold !== undefined) await unlessGone(call, waitForGate(answer.hold));
  if (answer.hang === "before_headers") return await unlessGone(call, forever());
  if (answer.cut_before_headers) return destroy(response);

  const status = answer.status ?? 200;
  const headers = { "x-request-id": call.callId, ...answer.headers };
  if (status >= 400 || answer.body !== undefined) {
    const body = answer.body ?? { error: { message: `model server says ${status}`, code: status } };
    const head = { status, headers: { "Content-Type": "application/json", ...headers } };
    return await sendBody(delivery, head, typeof body === "string" ? body : JSON.stringify(body));
  }
  const contentType = call.stream ? "text/event-stream" : "application/json";
  response.writeHead(200, { "Content-Type": contentType, ...headers });
  response.flushHeaders();
  return call.stream ? await sendStream(delivery) : await sendWhole(delivery);
}

async function sendStream(delivery: Delivery): Promise<boolean> {
  const { response, call, answer, completion } = delivery;
  const { dialect } = completion;
  const blankLine = dialect.lineEnd.repeat(2);
  const send = (line: string) => unlessGone(call, write(response, `${line}${blankLine}`));
  if (dialect.keepAlive !== null) await send(dialect.keepAlive);
  for (const [index, { chunk, isText, delayMs }] of completionChunks(call, completion).entries()) {
    if (answer.cut_after_chunks === index) return destroy(response);
    const pauseMs = isText && index > 0 ? (answer.delta_delay_ms ?? 0) : delayMs;
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal: call.clientClosed });
    await send(`data: ${JSON.stringify(chunk)}`);
    if (index > 0) continue;
    if (dialect.keepAlive !== null) await send(dialect.keepAlive);
    await holdAfterFirst(delivery);
    if (answer.bad_json) await send('data: {"id": "chatcmpl-, "choices": [');
    if (answer.error_event) return end(response, `data: ${JSON.stringify(errorEvent(call))}${blankLine}`);
  }
  if (answer.cut_after_chunks !== undefined) return destroy(response);
  const last = answer.done === false || !dialect.done ? "" : `data: [DONE]${blankLine}`;
  return dialect.leavesOpen || answer.leave_open ? leaveOpen(delivery, last) : end(response, last);
}

type Head = { status: number; headers: OutgoingHttpHeaders };

async function sendBody(delivery: Delivery, { status, headers }: Head, body: string): Promise<boolean> {
  const { response, call, answer } = delivery;
  response.writeHead(status, answer.gzip ? { ...headers, "Content-Encoding": "gzip" } : headers);
  const peer = answer.gzip ? createGzip() : response;
  if (peer !== response) peer.pipe(response);
  call.clientClosed.addEventListener("abort", () => peer.destroy(), { once: true });
  if (body !== "") peer.write(body);
  if (answer.repeat !== undefined) await repeatText(peer, answer.repeat, call.clientClosed);
  if (answer.leave_open) return leaveOpen(delivery, "");
  peer.end();
  return true;
}

/** As fast as the client takes it. */
async function repeatText(
  peer: Writable,
  { text, bytes = Number.POSITIVE_INFINITY, pause_ms }: NonNullable<ModelAnswer["repeat"]>,
  signal: AbortSignal,
): Promise<void> {
  const times = pause_ms === undefined ? Math.max(1, Math.ceil(16_384 / text.length)) : 1;
  const piece = Buffer.from(text.repeat(times));
  for (let sent = 0; sent < bytes; sent += piece.byteLength) {
    signal.throwIfAborted();
    if (!peer.write(piece)) await once(peer, "drain", { signal });
    if (pause_ms !== undefined) await delay(pause_ms, undefined, { signal });
  }
}

/** The answer is whole once it is written; the connection stays until the client has enough, or for a while. */
async function leaveOpen({ response, call }: Delivery, last: string): Promise<boolean> {
  await unlessGone(call, write(response, last));
  await delay(maxOpenMs, undefined, { signal: call.clientClosed }).catch(() => undefined);
  return end(response, "");
}

async function sendWhole(delivery: Delivery): Promise<boolean> {
  const { response, call, answer, completion } = delivery;
  await holdAfterFirst(delivery);
  const body = JSON.stringify(answer.error_event ? errorEvent(call) : completionBody(call, completion));
  const half = body.slice(0, body.length / 2);
  if (answer.cut_after_chunks !== undefined) {
    await unlessGone(call, write(response, half));
    return destroy(response);
  }
  return end(response, answer.bad_json ? half : body);
}

async function holdAfterFirst({ call, answer, waitForGate }: Delivery): Promise<void> {
  if (answer.hold_after_first !== undefined) await unlessGone(call, waitForGate(answer.hold_after_first));
  if (answer.hang === "after_first") await unlessGone(call, forever());
}

function end(response: ServerResponse, text: string): true {
  response.end(text);
  return true;
}

function destroy(response: ServerResponse): false {
  response.destroy();
  return false;
}

/** Resolves once the kernel has the text, so that a cut right after it loses nothing of it. */
function write(response: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
}

/** Settles as `work` does, or rejects as soon as the client leaves. */
function unlessGone<T>({ clientClosed: signal }: ChatCall, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
