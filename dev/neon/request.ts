import type { IncomingHttpHeaders } from "node:http";
import { Refusal } from "./refusal.ts";

export type Statement = { text: string; params: unknown[]; arrayMode: boolean };

/** `begin` is the statement that opens a batch's transaction. */
export type NeonRequest = { rawText: boolean } & (
  | { kind: "single"; statement: Statement }
  | { kind: "batch"; begin: string; statements: Statement[] }
);

const isolationLevels = new Map([
  ["ReadUncommitted", "READ UNCOMMITTED"],
  ["ReadCommitted", "READ COMMITTED"],
  ["RepeatableRead", "REPEATABLE READ"],
  ["Serializable", "SERIALIZABLE"],
]);

/** The protocol counts parameters in 16 bits. */
const maxParams = 65_535;

/** Reads one request of the Neon driver. Throws a Refusal (400) on anything that is not one. */
export function parseNeonRequest(headers: IncomingHttpHeaders, body: Buffer): NeonRequest {
  if (!headers["neon-connection-string"]) throw new Refusal(400, "missing header: Neon-Connection-String");
  const rawText = headers["neon-raw-text-output"] === "true";
  const arrayMode = headers["neon-array-mode"] === "true";
  const payload = parseJson(body);
  if (!isRecord(payload)) throw new Refusal(400, "the body must be a JSON object");
  if (!("queries" in payload)) {
    return { kind: "single", rawText, statement: parseStatement(payload, arrayMode) };
  }
  if (!Array.isArray(payload.queries)) throw new Refusal(400, "`queries` must be an array");
  const statements = payload.queries.map((query: unknown) => parseStatement(query, arrayMode));
  return { kind: "batch", rawText, begin: beginOf(headers), statements };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new Refusal(400, "the body is not JSON");
  }
}

function parseStatement(value: unknown, defaultArrayMode: boolean): Statement {
  if (!isRecord(value) || typeof value.query !== "string") {
    throw new Refusal(400, "`query` must be a string");
  }
  // A zero byte would end the statement early on the wire and garble what follows it.
  if (value.query.includes("\0")) throw new Refusal(400, "`query` must not contain a zero byte");
  const params: unknown = value.params ?? [];
  if (!Array.isArray(params)) throw new Refusal(400, "`params` must be an array");
  if (params.length > maxParams) throw new Refusal(400, `at most ${maxParams} parameters`);
  const arrayMode = typeof value.arrayMode === "boolean" ? value.arrayMode : defaultArrayMode;
  return { text: value.query, params, arrayMode };
}

function beginOf(headers: IncomingHttpHeaders): string {
  const words = ["BEGIN"];
  const level = headers["neon-batch-isolation-level"];
  if (level !== undefined) {
    const name = isolationLevels.get(String(level));
    if (name === undefined) throw new Refusal(400, "invalid isolation level");
    words.push("ISOLATION LEVEL", name);
  }
  if (isTrue(headers, "neon-batch-read-only")) words.push("READ ONLY");
  if (isTrue(headers, "neon-batch-deferrable")) words.push("DEFERRABLE");
  return words.join(" ");
}

function isTrue(headers: IncomingHttpHeaders, name: string): boolean {
  const value = headers[name] ?? "false";
  if (value !== "true" && value !== "false") throw new Refusal(400, `${name} must be true or false`);
  return value === "true";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
