import { neon, neonConfig } from "@neondatabase/serverless";
import { Hono } from "hono";
import OpenAI from "openai";
import type { ChatCompletionCreateParamsStreaming } from "openai/resources/chat/completions";
import { type FloorTurn, turnStatements } from "./turn-statements.ts";

type Bindings = { DATABASE_URL: string; NEON_HTTP_ENDPOINT: string; LLM_BASE_URL: string };

/** The calls of one turn: the very bodies that Pantheon sent for its own. */
let calls: ChatCompletionCreateParamsStreaming[] = [];
let openai: OpenAI | undefined;

// Nothing but what a turn cannot do without: its model calls, and one batch of the rows that it leaves behind.
const app = new Hono<{ Bindings: Bindings }>();

app.put("/calls", async (c) => {
  calls = await c.req.json();
  return c.json({ calls: calls.length });
});

app.post("/turns", async (c) => {
  const turn: FloorTurn = await c.req.json();
  openai ??= new OpenAI({ baseURL: c.env.LLM_BASE_URL, apiKey: "local" });
  const replies: string[] = [];
  if (turn.isParallel) replies.push(...(await Promise.all(calls.map((call) => ask(openai, call)))));
  else for (const call of calls) replies.push(await ask(openai, call));
  neonConfig.fetchEndpoint = c.env.NEON_HTTP_ENDPOINT;
  const sql = neon(c.env.DATABASE_URL);
  const statements = turnStatements(turn, replies).map(({ text, values }) => sql.query(text, values));
  await sql.transaction(statements);
  return c.json({ replies }, 201);
});

export default app;

async function ask(client: OpenAI | undefined, call: ChatCompletionCreateParamsStreaming): Promise<string> {
  let text = "";
  const stream = await client?.chat.completions.create(call);
  for await (const chunk of stream ?? []) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}
