import { env } from "cloudflare:workers";
import pdfium from "@embedpdf/pdfium/pdfium.wasm";
import { parseParserConfig } from "../config/parser-config.ts";
import { createDb } from "../db/core/client.ts";
import { estimateTokens } from "../domain/context/token-estimate.ts";
import { createConsoleLog } from "../http/console-log.ts";
import { createR2Store } from "../storage/r2-store.ts";
import { handleBatch } from "./parse-queue.ts";

// The configuration is read at start: a Worker with a bad setting does not start, and names the setting.
const config = parseParserConfig({ ...env });
const deps = {
  db: createDb(config.databaseUrl, config.neonHttpEndpoint),
  fileStore: createR2Store(config.fileBucket),
  pdfium,
  estimateTokens,
  log: createConsoleLog(config.logLevel),
};

export default {
  queue: (batch: MessageBatch<unknown>): Promise<void> => handleBatch(deps, batch),
};
