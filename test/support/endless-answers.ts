import type { ModelAnswer } from "../../dev/model-server/answer.ts";

export const eventStreamHeaders = { "Content-Type": "text/event-stream" };
export const eventOf = (delta: object, finishReason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finishReason }] })}\n\n`;
const textBegun = 'data: {"choices":[{"index":0,"delta":{"content":"';

/** Answers that are over their bounds, and the code with which their agent fails. */
export const endlessAnswers: readonly [what: string, answer: ModelAnswer, code: string][] = [
  [
    "a compressed line of 64 MiB",
    {
      headers: eventStreamHeaders,
      gzip: true,
      body: textBegun,
      repeat: { text: "a", bytes: 64 * 1024 * 1024 },
    },
    "model_bad_response",
  ],
  [
    "a line without end",
    { headers: eventStreamHeaders, body: textBegun, repeat: { text: "a" } },
    "model_bad_response",
  ],
  [
    "compressed comments without end",
    { headers: eventStreamHeaders, gzip: true, body: "", repeat: { text: ": keep-alive\n\n" } },
    "model_bad_response",
  ],
  [
    "comments without end",
    { headers: eventStreamHeaders, body: "", repeat: { text: ": keep-alive\n\n" } },
    "model_bad_response",
  ],
  [
    "blank lines without end",
    { headers: eventStreamHeaders, body: "", repeat: { text: "\n" } },
    "model_bad_response",
  ],
  [
    "an event of lines without end",
    { headers: eventStreamHeaders, body: "", repeat: { text: "data: {}\n" } },
    "model_bad_response",
  ],
  [
    "a tool's name without end",
    {
      headers: eventStreamHeaders,
      body: "",
      repeat: { text: eventOf({ tool_calls: [{ index: 0, id: "c1", function: { name: "search" } }] }) },
    },
    "model_bad_response",
  ],
  [
    "tool calls without end",
    {
      headers: eventStreamHeaders,
      body: "",
      repeat: { text: eventOf({ tool_calls: [{ function: { name: "search", arguments: "{}" } }] }) },
    },
    "model_bad_response",
  ],
  [
    "reasoning without end",
    { headers: eventStreamHeaders, body: "", repeat: { text: eventOf({ reasoning_content: "I wonder. " }) } },
    "model_bad_response",
  ],
  [
    "pieces of nothing without end",
    { headers: eventStreamHeaders, body: "", repeat: { text: eventOf({}) } },
    "model_bad_response",
  ],
  [
    "one JSON body without end",
    { body: '{"choices":[{"message":{"content":"', repeat: { text: "a" } },
    "model_bad_response",
  ],
  [
    "a refusal without end",
    { status: 400, body: '{"error":{"message":"', repeat: { text: "x" } },
    "model_error",
  ],
  [
    "a compressed refusal without end",
    { status: 403, gzip: true, body: "", repeat: { text: "x" } },
    "model_error",
  ],
];
