import { expect, test } from "vitest";
import { chunkOf, eventStream, toEvents } from "../runtime/model/read-answer.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

type Variant = [
  name: string,
  body: string,
  right: { reply: string; finish_reason?: string; usage_source?: string } | { error: string },
  options?: { status?: number; contentType?: string; leavesOpen?: true },
];

const said = chunkOf({ role: "assistant", content: "Grüße 答え" });
const end = chunkOf({}, "stop");
const usage = {
  id: "gen-1",
  choices: [],
  usage: { prompt_tokens: 90, completion_tokens: 9, total_tokens: 99 },
};
const event = (chunk: unknown) => `data: ${JSON.stringify(chunk)}\n\n`;
const whole = { reply: "Grüße 答え", finish_reason: "stop", usage_source: "provider" };
const json = { contentType: "application/json" };

const read: Variant[] = [
  ["lone carriage returns end the lines", toEvents([said, end, usage]).replaceAll("\n", "\r"), whole],
  ["no blank is behind `data:`", toEvents([said, end, usage]).replaceAll("data: ", "data:"), whole],
  ["a byte order mark is in front", `\uFEFF${toEvents([said, end, usage])}`, whole],
  [
    "events have ids, names and a retry",
    `retry: 10\n${toEvents([said, end, usage]).replaceAll("data:", "event: message\nid: 7\ndata:")}`,
    whole,
  ],
  ["a heartbeat is a JSON string", `data: "ping"\n\n${toEvents([said, end, usage])}`, whole],
  ["a heartbeat is an empty list", `data: []\n\n${toEvents([said, end, usage])}`, whole],
  ["a heartbeat is an empty object", `data: {}\n\n${toEvents([said, end, usage])}`, whole],
  [
    "an event named ping has data",
    `event: ping\ndata: {"type":"ping"}\n\n${toEvents([said, end, usage])}`,
    whole,
  ],
  [
    "one event's JSON is in several data lines",
    `data: {"id":"gen-1",\ndata: "choices":[{"index":0,"delta":{"content":"Grüße 答え"},"finish_reason":"stop"}]}\n\n${event(usage)}data: [DONE]\n\n`,
    whole,
  ],
  [
    "the mark of the end has no blank line behind it",
    `${event(said)}${event(end)}${event(usage)}data: [DONE]`,
    whole,
  ],
  [
    "everything comes in one chunk",
    toEvents([{ ...chunkOf({ content: "Grüße 答え" }, "stop"), usage: usage.usage }]),
    whole,
  ],
  ["usage comes before the finish reason alone", toEvents([said, usage, end]), whole],
  [
    "the finish reason comes with the first piece, and the text goes on",
    toEvents([chunkOf({ content: "Grüße " }, "stop"), chunkOf({ content: "答え" }, "stop"), usage]),
    whole,
  ],
  [
    "the connection stays open behind a finish reason alone",
    event(said) + event(end),
    { reply: "Grüße 答え", usage_source: "estimated" },
    { leavesOpen: true },
  ],
  [
    "a JSON body is a list of one completion",
    JSON.stringify([
      {
        choices: [{ index: 0, message: { content: "Grüße 答え" }, finish_reason: "stop" }],
        usage: usage.usage,
      },
    ]),
    whole,
    json,
  ],
  [
    "a JSON body is called an event stream",
    JSON.stringify({
      choices: [{ message: { content: "Grüße 答え" }, finish_reason: "stop" }],
      usage: usage.usage,
    }),
    whole,
  ],
  ["an event stream is called JSON", toEvents([said, end, usage]), whole, json],
  [
    "an event stream is called plain text",
    toEvents([said, end, usage]),
    whole,
    { contentType: "text/plain" },
  ],
  [
    "a completion of the old kind has `text`",
    toEvents([{ choices: [{ index: 0, text: "Grüße 答え", finish_reason: "stop" }] }, usage]),
    whole,
  ],
  [
    "content is a single part",
    toEvents([chunkOf({ content: { type: "text", text: "Grüße 答え" } }), end, usage]),
    whole,
  ],
  [
    "text parts hold their text in `value`",
    toEvents([chunkOf({ content: [{ type: "text", text: { value: "Grüße 答え" } }] }), end, usage]),
    whole,
  ],
  [
    "parts of unknown kinds are between",
    toEvents([
      chunkOf({
        content: [
          { type: "citation", url: "x" },
          { type: "output_text", text: "Grüße 答え" },
        ],
      }),
      end,
      usage,
    ]),
    whole,
  ],
  [
    "thinking parts nest",
    toEvents([
      chunkOf({
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
          { type: "text", text: "Grüße 答え" },
        ],
      }),
      end,
      usage,
    ]),
    whole,
  ],
  [
    "the choices are numbered from 1, as text",
    toEvents([
      { choices: [{ index: "1", delta: { content: "Grüße 答え" } }] },
      { choices: [{ index: "1", delta: {}, finish_reason: "stop" }] },
      usage,
    ]),
    whole,
  ],
  [
    "the choices have no index",
    toEvents([
      { choices: [{ delta: { content: "Grüße 答え" } }] },
      { choices: [{ delta: {}, finish_reason: "stop" }] },
      usage,
    ]),
    whole,
  ],
  [
    "two choices come in each chunk",
    toEvents([
      {
        choices: [
          { index: 1, delta: { content: "Grüße 答え" } },
          { index: 0, delta: { content: "other" } },
        ],
      },
      { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
      { choices: [{ index: 1, delta: {}, finish_reason: "stop" }] },
      usage,
    ]),
    whole,
  ],
  [
    "delta is null at the end",
    toEvents([said, { choices: [{ index: 0, delta: null, finish_reason: "stop" }] }, usage]),
    whole,
  ],
  [
    "every field that nobody asked for is null",
    toEvents([
      chunkOf({
        content: "Grüße 答え",
        refusal: null,
        tool_calls: null,
        function_call: null,
        reasoning: null,
        audio: null,
      }),
      end,
      { ...usage, error: null, x_groq: null },
    ]),
    whole,
  ],
  [
    "error is false, an empty text or an empty list",
    toEvents([
      { ...said, error: false },
      { ...end, error: "" },
      { ...usage, error: [] },
    ]),
    whole,
  ],
  [
    "an error's code is the number 200",
    toEvents([{ ...said, error: { code: 200, message: "" } }, end, usage]),
    whole,
  ],
  [
    "Azure's filter results are in a first chunk",
    toEvents([
      { choices: [], prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] },
      said,
      end,
      usage,
    ]),
    whole,
  ],
  [
    "thinking is called thinking",
    toEvents([chunkOf({ content: "<thinking>hm</thinking>\n\nGrüße 答え" }), end, usage]),
    whole,
  ],
  [
    "a tag of thinking is cut by chunks",
    toEvents(
      [..."<think>hm</think>\nGrüße 答え"].map((content) => chunkOf({ content })).concat([end, usage]),
    ),
    whole,
  ],
  [
    "thinking comes twice",
    toEvents([chunkOf({ content: "<think>a</think>\n<think>b</think>Grüße 答え" }), end, usage]),
    whole,
  ],
  [
    "a surrogate pair is cut by chunks",
    `data: {"choices":[{"index":0,"delta":{"content":"ok \\ud83c"}}]}\n\ndata: {"choices":[{"index":0,"delta":{"content":"\\udf89"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`,
    { reply: "ok 🎉" },
  ],
  ["NUL is in the text", toEvents([chunkOf({ content: "Grüße\u0000 答え" }), end, usage]), whole],
  ["the finish reason is Gemini's", toEvents([said, chunkOf({}, "STOP"), usage]), whole],
  ["the finish reason is Cohere's", toEvents([said, chunkOf({}, "COMPLETE"), usage]), whole],
  [
    "the finish reason has its enum's name in front",
    toEvents([said, chunkOf({}, "FINISH_REASON_STOP"), usage]),
    whole,
  ],
  [
    "the finish reason is an end token",
    toEvents([said, chunkOf({}, "<|im_end|>"), usage]),
    { reply: "Grüße 答え", finish_reason: "stop" },
  ],
  [
    "the limit is called MAX_TOKENS",
    toEvents([said, chunkOf({}, "MAX_TOKENS"), usage]),
    { reply: "Grüße 答え", finish_reason: "length" },
  ],
  [
    "the finish reason is an object",
    toEvents([said, chunkOf({}, { type: "stop" }), "x", usage]),
    { reply: "Grüße 答え" },
  ],
  [
    "an error comes behind the end",
    `${event(said)}${event(end)}${event({ error: { code: 500, message: "late" } })}`,
    { reply: "Grüße 答え" },
  ],
  [
    "the connection breaks in an event behind the end",
    `${event(said)}${event(end)}data: {"usage":{"prom`,
    { reply: "Grüße 答え", usage_source: "estimated" },
  ],
];

const failed: Variant[] = [
  [
    "nothing but blanks of no width is said",
    toEvents([chunkOf({ content: "\u200B\u2060\uFEFF" }), end, usage]),
    { error: "model_bad_response" },
  ],
  ["nothing is said at all", "data: [DONE]\n\n", { error: "model_bad_response" }],
  ["the body is empty", "", { error: "model_stream_cut" }],
  [
    "the body is lines of JSON",
    `${JSON.stringify(said)}\n${JSON.stringify(end)}\n`,
    { error: "model_bad_response" },
    { contentType: "application/x-ndjson" },
  ],
  [
    "the page of a proxy begins with blanks",
    "\n\n  <HTML><body>Bad gateway</body></HTML>",
    { error: "model_bad_response" },
    { contentType: "text/html" },
  ],
  [
    "the limit was reached while thinking",
    toEvents([chunkOf({ content: "<think>hm" }, "length"), usage]),
    { error: "model_output_limit" },
  ],
  ["the filter is called SAFETY", toEvents([said, chunkOf({}, "SAFETY"), usage]), { error: "model_refused" }],
  [
    "an error is named by its event",
    `event: error\ndata: {"message":"overloaded","code":"overloaded_error"}\n\n`,
    { error: "model_error" },
  ],
  ["an error is a text", `data: {"error":"upstream failed"}\n\n`, { error: "model_error" }],
  [
    "an error is in its choice",
    toEvents([
      {
        choices: [
          {
            index: 0,
            delta: { content: "half" },
            finish_reason: "error",
            error: { code: 502, message: "x" },
          },
        ],
      },
    ]),
    { error: "model_error" },
  ],
  [
    "an error has the object's name",
    `data: {"object":"error","message":"no such model","code":40401}\n\n`,
    { error: "model_error" },
  ],
  [
    "a limit of the rate is a word",
    `data: {"error":{"type":"rate_limit_exceeded","message":"slow"}}\n\n`,
    { error: "model_rate_limited" },
  ],
  [
    "a text that is too long is reported in a 200",
    `{"error":{"message":"prompt is too long: 210000 tokens > 200000 maximum","type":"invalid_request_error"}}`,
    { error: "context_budget_exceeded" },
    json,
  ],
  [
    "a text that is too long is reported by status 413",
    `{"error":{"message":"Request too large: maximum context length"}}`,
    { error: "context_budget_exceeded" },
    { ...json, status: 413 },
  ],
  [
    "Mistral says that the text is too long",
    `{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_prompt","code":"3051"}`,
    { error: "context_budget_exceeded" },
    { ...json, status: 400 },
  ],
  [
    "llama.cpp says that the text is too long",
    `{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}`,
    { error: "context_budget_exceeded" },
    { ...json, status: 400 },
  ],
  [
    "OpenRouter's moderation refuses",
    `{"error":{"code":403,"message":"Your chosen model requires moderation and your input was flagged","metadata":{"reasons":["violence"],"flagged_input":"x"}}}`,
    { error: "model_refused" },
    { ...json, status: 403 },
  ],
  [
    "Azure's filter refuses inside",
    `{"error":{"message":"bad","code":"BadRequest","innererror":{"code":"ResponsibleAIPolicyViolation"}}}`,
    { error: "model_refused" },
    { ...json, status: 400 },
  ],
  [
    "the credit is used up",
    `{"error":{"message":"Insufficient Balance","type":"unknown_error"}}`,
    { error: "model_error" },
    { ...json, status: 402 },
  ],
  [
    "the connection ends in the middle of an event",
    `${event(said)}data: {"choices":[{"index":0,"delta":{"content":"mo`,
    { error: "model_stream_cut" },
  ],
];

test.each([...read, ...failed])("an agent is answered where %s", async (_name, body, right, options = {}) => {
  const fixture = await createTurnFixture();
  const { status = 200, contentType = eventStream["Content-Type"], leavesOpen } = options;
  const headers = { "Content-Type": contentType, "retry-after-ms": "1" };
  const open = leavesOpen === undefined ? {} : { leave_open: leavesOpen };
  await fixture.models.script(says("ada", { status, body, headers, ...open }));

  const { body: turn } = await fixture.post("@ada hello");

  if ("error" in right) {
    expect(turn.replies).toMatchObject([{ status: "failed", error: { code: right.error } }]);
    return;
  }
  const { usage_source: source, ...reply } = right;
  expect(turn.replies).toMatchObject([{ status: "completed", ...toContent(reply) }]);
  if (source !== undefined) expect(await fixture.ledger()).toMatchObject([{ usage_source: source }]);
  if (source === "provider") {
    expect(await fixture.ledger()).toMatchObject([{ input_tokens_fresh: 90, output_tokens: 9 }]);
  }
});

function toContent({ reply, ...others }: { reply: string; finish_reason?: string }) {
  return { content: reply, ...others };
}
