import { neon, neonConfig } from "@neondatabase/serverless";
import { createParser } from "eventsource-parser";
import { Hono } from "hono";
import type {
  ChatCompletionChunk,
  ChatCompletionCreateParamsStreaming,
} from "openai/resources/chat/completions";
import { type FloorTurn, turnStatements } from "./turn-statements.ts";

type Bindings = { DATABASE_URL: string; NEON_HTTP_ENDPOINT: string; LLM_BASE_URL: string };

/** The calls of one turn: the very bodies that Pantheon sent for its own. */
let calls: ChatCompletionCreateParamsStreaming[] = [];

// Nothing but what a turn cannot do without: its model calls, and one batch of the rows that it leaves behind.
const app = new Hono<{ Bindings: Bindings }>();

app.put("/calls", async (c) => {
  calls = await c.req.json();
  return c.json({ calls: calls.length });
});

app.post("/turns", async (c) => {
  const turn: FloorTurn = await c.req.json();
  const url = `${c.env.LLM_BASE_URL}/chat/completions`;
  const replies: string[] = [];
  if (turn.isParallel) replies.push(...(await Promise.all(calls.map((call) => ask(url, call)))));
  else for (const call of calls) replies.push(await ask(url, call));
  neonConfig.fetchEndpoint = c.env.NEON_HTTP_ENDPOINT;
  const sql = neon(c.env.DATABASE_URL);
  const statements = turnStatements(turn, replies).map(({ text, values }) => sql.query(text, values));
  await sql.transaction(statements);
  return c.json({ replies }, 201);
});

export default app;

async function ask(url: string, call: ChatCompletionCreateParamsStreaming): Promise<string> {
  let text = "";
  const parser = createParser({
    onEvent({ data }) {
      if (data === "[DONE]") return;
      const chunk: ChatCompletionChunk = JSON.parse(data);
      text += chunk.choices[0]?.delta.content ?? "";
    },
  });
  const { body } = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: "Bearer local" },
    body: JSON.stringify(call),
  });
  const decoder = new TextDecoder();
  for await (const bytes of body ?? []) parser.feed(decoder.decode(bytes, { stream: true }));
  return text;
}
