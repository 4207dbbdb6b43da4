import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ModelAnswer } from "../../../dev/model-server/answer.ts";
import { completionOf } from "../../../dev/model-server/completion.ts";
import { type DialectName, dialectNames } from "../../../dev/model-server/dialects.ts";
import { sendAnswer } from "../../../dev/model-server/send-answer.ts";
import { type ModelServer, startModelServer } from "../../../dev/model-server/server.ts";

const reply = "One answer, in several pieces.";
const calls = ["a", "b"].map((query) => ({ name: "search", arguments: JSON.stringify({ query }) }));

let server: ModelServer;

beforeAll(async () => {
  server = await startModelServer({
    respond: (call, response) => {
      const [, dialect, kind] = call.basePath.split("/");
      const answer: ModelAnswer = {
        ...(kind === "tools" ? { tool_calls: calls } : { deltas: reply.match(/\s*\S+/g) ?? [] }),
        dialect: dialect as DialectName,
      };
      const completion = completionOf(call, answer);
      return sendAnswer({ response, call, answer, completion, waitForGate: async () => undefined });
    },
  });
});

afterAll(() => server.stop());

/** What arrives until the stream ends, or until nothing more comes from a provider that leaves it open. */
async function ask(dialect: DialectName, kind: "text" | "tools", stream = true): Promise<string> {
  const leaving = new AbortController();
  const response = await fetch(`${server.url}/${dialect}/${kind}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({
      model: "m",
      stream,
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "Hello" }],
    }),
    signal: leaving.signal,
  });
  let text = "";
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString("utf8");
      clearTimeout(timer);
      timer = setTimeout(() => leaving.abort(), 1_000);
    }
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
  }
  clearTimeout(timer);
  return text;
}

/** What distinguishes each provider from OpenAI, as its users describe it. */
const marks: Record<DialectName, { text: RegExp; tools: RegExp }> = {
  openai: { text: /^data: .*"content":"One"[\s\S]*"choices":\[\],"usage"/, tools: /"arguments":""/ },
  azure: { text: /^data: .*"choices":\[\],"prompt_filter_results"/, tools: /content_filter_results/ },
  deepseek: {
    text: /^: keep-alive\n[\s\S]*"reasoning_content"[\s\S]*"finish_reason":"stop".*"prompt_cache_hit_tokens"/,
    tools: /^: keep-alive\n/,
  },
  gemini: { text: /"finish_reason":"STOP"/, tools: /"extra_content":{"google":{"thought_signature":"/ },
  groq: { text: /"x_groq":{"id":"[^"]+","usage":{/, tools: /"index":1,[^\n]*{\\"query\\":\\"b\\"}/ },
  litellm: { text: /"finish_reason":"end_turn"/, tools: /("name":"search"[\s\S]*){4}/ },
  llamacpp: { text: /"finish_reason":"eos"/, tools: /"arguments":{"query":"a"}/ },
  mistral: { text: /"type":"thinking"[\s\S]*"content":\[{"type":"text","text":"One"}\]/, tools: /"index":1/ },
  ollama: { text: /"content":"<think>\\n[\s\S]*<\/think>/, tools: /"index":0.*\n\n.*"index":0/ },
  openrouter: { text: /^: OPENROUTER PROCESSING\n[\s\S]*"reasoning"/, tools: /"native_finish_reason"/ },
  vllm: { text: /("usage":.*\n\n.*){3}/, tools: /"tool_calls":\[{"id"/ },
};

test.each(dialectNames)(
  "%s answers in its own form, and a reader that knows this form finds the whole text",
  async (dialect) => {
    const text = await ask(dialect, "text");
    expect(text).toMatch(marks[dialect].text);
    expect(await ask(dialect, "tools")).toMatch(marks[dialect].tools);

    const events = [...text.matchAll(/^data: ({.*})\r?$/gm)].map(([, data]) => JSON.parse(data ?? ""));
    const contents = events.flatMap(({ choices }) => choices.map((choice: Choice) => choice.delta.content));
    const said = contents
      .map((content) => (Array.isArray(content) ? textOf(content) : (content ?? "")))
      .join("");
    expect(said.replace(/^<think>[\s\S]*<\/think>\s*/, "")).toBe(reply);
    const endsWithDone = /data: \[DONE\]\s*$/.test(text);
    expect(endsWithDone).toBe(dialect !== "llamacpp");
  },
);

type Part = { type: string; text?: string };
type Choice = { delta: { content?: string | Part[] | null } };

function textOf(parts: Part[]): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

test.each(dialectNames)("%s reports the same usage in a stream and in a JSON body", async (dialect) => {
  const stream = await ask(dialect, "text");
  const last = [...stream.matchAll(/"usage":({.*?})[,}\]]*\r?$/gm)].at(-1)?.[0] ?? "";
  const whole = await ask(dialect, "text", false);
  const totals = [last, whole].map((text) => /"total_tokens":(\d+)/.exec(text)?.[1]);
  expect(totals[0]).toBeDefined();
  expect(totals[0]).toBe(totals[1]);
});

test.each([
  [["--dialect", "latin"], {}, /^--dialect: there is no 'latin'; there are openai, azure, /],
  [["--dialect", "ollama"], { LLM_API_KEY: "key" }, /^--dialect: LLM_API_KEY is set, so /],
])("npm run dev %j with %j is one line and exit code 1", async (args, settings, expected) => {
  const dev = fileURLToPath(new URL("../../../dev/dev.ts", import.meta.url));
  const env = { ...process.env, LLM_API_KEY: "", ...settings };
  const run = promisify(execFile)(process.execPath, [dev, ...args], { env });
  await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(expected) });
});
