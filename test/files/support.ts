import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import pdfium from "@embedpdf/pdfium/pdfium.wasm";
import { parseConfig } from "../../src/config.ts";
import { createDb } from "../../src/db/core/client.ts";
import { estimateTokens } from "../../src/domain/context/token-estimate.ts";
import type { Bucket } from "../../src/domain/files/bucket.ts";
import { handleBatch } from "../../src/parse/parse-queue.ts";
import type { ParserDeps } from "../../src/parse/run-parse-job.ts";
import { createR2Store } from "../../src/storage/r2-store.ts";
import { type Answer, mintToken, type TestApi, type TestUser } from "../support/api.ts";

const config = parseConfig({ ...env });

/** The bucket that the tests' Worker is bound to. */
export const bucket: Bucket = config.fileBucket;

/** Uploads bytes as the body itself. */
export async function upload(
  api: TestApi,
  user: TestUser,
  roomId: string,
  { name, bytes, headers = {} }: { name: string; bytes: Uint8Array; headers?: Record<string, string> },
): Promise<Answer> {
  const path = `/rooms/${roomId}/files?name=${encodeURIComponent(name)}`;
  return api.send("POST", path, {
    headers: {
      Authorization: `Bearer ${await mintToken({ sub: user.userId })}`,
      "Content-Length": String(bytes.length),
      "Content-Type": "application/octet-stream",
      ...headers,
    },
    body: bytes,
  });
}

const silent = { info() {}, warn() {}, error() {}, with: () => silent };

export const parserDeps: ParserDeps = {
  db: createDb(config.databaseUrl, config.neonHttpEndpoint),
  fileStore: createR2Store(bucket),
  pdfium,
  estimateTokens,
  log: silent,
};

/** Delivers a message to the parser as the queue would, and gives what became of it. */
export async function deliver(
  fileId: string,
  { queue = "pantheon-parse", deps = parserDeps, attempts = 1 }: DeliverOptions = {},
) {
  const batch = createMessageBatch(queue, [
    { id: crypto.randomUUID(), timestamp: new Date(), attempts, body: { file_id: fileId } },
  ]);
  await handleBatch(deps, batch);
  return getQueueResult(batch, createExecutionContext());
}

type DeliverOptions = { queue?: string; deps?: ParserDeps; attempts?: number };

export const utf8 = (text: string) => new TextEncoder().encode(text);

/** A parser that is killed before its nth request to the database, from 1: nothing of it happens after that. */
export function killedAt(nth: number): ParserDeps {
  let requests = 0;
  const onRequest = () => {
    requests += 1;
    if (requests >= nth) throw new Error("killed");
  };
  return { ...parserDeps, db: Object.create(parserDeps.db, { onRequest: { value: onRequest } }) };
}
