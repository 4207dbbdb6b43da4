import { expect } from "vitest";
import { type ErrorCode, errorCodes, internalErrorDetail } from "../../../../src/domain/errors.ts";
import type { Answer, Json } from "../../../support/api.ts";
import { type Operation, readRefusal } from "../../../support/operations.ts";

/** Fails unless the answer is one that the document has for the operation, and no fault of ours. */
export function checkAnswer(answer: Answer, { name, responses }: Operation): void {
  const label = `${name} answered ${answer.status} ${answer.text.slice(0, 500)}`;
  expect(answer.status, label).toBeLessThan(500);
  expect(answer.headers.get("X-Request-Id"), label).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
  const documented = responses[answer.status];
  expect(documented, label).toBeDefined();
  if (answer.status >= 400) checkRefusal(answer, documented?.description ?? "", label);
  else if (isCompletionStream(answer, name))
    expect(answer.text, label).toMatch(/data: (\[DONE\]|\{"error".*\})\n\n$/);
  else checkBody(answer, documented?.content, label);
}

/** An answer of the documented type; a stream with its end. */
function checkBody(answer: Answer, content: Json, label: string): void {
  const type = answer.headers.get("Content-Type")?.split(";")[0] ?? "";
  if (content !== undefined) expect(Object.keys(content), label).toContain(type);
  if (type === "text/event-stream") checkStream(answer.text, label);
}

/** OpenAI's clients ask for a stream in the body, so the document has no type for it. */
function isCompletionStream({ headers }: Answer, name: string): boolean {
  return name === "POST /v1/chat/completions" && headers.get("Content-Type") === "text/event-stream";
}

function checkRefusal(answer: Answer, description: string, label: string): void {
  if (answer.body.error === undefined) {
    checkProblem(answer, description, label);
    return;
  }
  const { code, request_id, message } = readRefusal(answer).body;
  checkCode(code, answer.status, label);
  expect(description, label).toContain(`\`${code}\``);
  expect([message, request_id], label).toEqual([expect.any(String), answer.headers.get("X-Request-Id")]);
}

/** A problem document whose code is documented for the operation and belongs to the status. */
function checkProblem({ status, body, headers }: Answer, description: string, label: string): void {
  checkCode(body.code, status, label);
  expect(headers.get("Content-Type"), label).toBe("application/problem+json");
  expect(description, label).toContain(`\`${body.code}\``);
  expect(body, label).toEqual({
    type: `/api/v1/docs#error-${body.code}`,
    title: errorCodes[body.code as ErrorCode].title,
    status,
    detail: expect.any(String),
    code: body.code,
    request_id: headers.get("X-Request-Id"),
    ...(body.code === "validation_failed"
      ? { errors: expect.any(Array), error_count: expect.any(Number) }
      : {}),
    ...extras(body),
  });
}

export function checkCode(code: unknown, status: number, label: string): void {
  expect(errorCodes, label).toHaveProperty([String(code)]);
  expect(status, label).toBe(errorCodes[code as ErrorCode].status);
}

const extraMembers = ["turn_id", "input_budget", "estimated_tokens", "model_context_limit"];
const extras = (body: object) =>
  Object.fromEntries(Object.entries(body).filter(([member]) => extraMembers.includes(member)));

/** A stream ends with the stored turn, or with a documented code that is no fault of ours. */
function checkStream(text: string, label: string): void {
  const lastData = text.split("\n").findLast((line) => line.startsWith("data: ") && line !== "data: [DONE]");
  const last = JSON.parse(lastData?.slice("data: ".length) ?? "null");
  if (last.type === "RUN_FINISHED" || last.type === "finish") return;
  if (last.type === "error") {
    expect(last.errorText, label).not.toBe(internalErrorDetail);
    return;
  }
  expect(last, label).toMatchObject({ type: "RUN_ERROR", code: expect.any(String) });
  expect(errorCodes[last.code as ErrorCode]?.status ?? 500, label).toBeLessThan(500);
}
