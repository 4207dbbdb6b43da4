import { expect, test } from "vitest";
import type { Log } from "../../src/domain/log.ts";
import type { ModelAnswer } from "../support/models.ts";
import { createTurnScene, says, type TurnScene } from "../support/turn-scene.ts";

const canary = "CANARY-0f3a";

/** A log that keeps every line. */
function keepLog(lines: string[]): Log {
  const keep = (event: string, fields = {}) => void lines.push(JSON.stringify([event, fields]));
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep, with: () => log };
  return log;
}

async function storedText({ sql, sessionId }: TurnScene): Promise<string> {
  const rows = await sql`
    select to_jsonb(t)::text as row from turns t where session_id = ${sessionId}
    union all select to_jsonb(t)::text from turn_runs t where session_id = ${sessionId}
    union all select to_jsonb(t)::text from messages t where session_id = ${sessionId}
    union all select to_jsonb(t)::text from turn_context_audit t where session_id = ${sessionId}
    union all select to_jsonb(t)::text from llm_call_events t where session_id = ${sessionId}`;
  return JSON.stringify(rows);
}

const leaks: [string, ModelAnswer][] = [
  ["an error's body", { status: 400, body: { error: { message: canary, code: canary } } }],
  ["an error's plain text", { status: 401, body: canary, headers: { "x-error": canary } }],
  ["a rate limit's body", { status: 429, body: canary, headers: { "x-should-retry": "false" } }],
  ["a page with status 200", { body: `<p>${canary}</p>` }],
  ["a stream with status 200 that is no JSON", { body: `data: {${canary}\n\n` }],
  ["an error event", { body: `data: {"error":{"message":"${canary}","type":"${canary}"}}\n\n` }],
  ["a finish reason", { text: "hi", finish_reason: canary }],
];

test.each(leaks)(
  "what a provider says in %s is in no answer, no row and no line of the log",
  async (_where, answer) => {
    const lines: string[] = [];
    const scene = await createTurnScene({
      settings: { LLM_API_KEY: `sk-${canary}` },
      deps: { log: keepLog(lines) },
    });
    await scene.models.script(says("ada", answer));

    const posted = await scene.post("@ada hello");
    const read = await scene.read(posted.body.id);

    expect(posted.body.replies).toMatchObject([{ status: "failed" }]);
    expect((await scene.models.journal())[0]?.authorization_present).toBe(true);
    expect(lines.length).toBeGreaterThan(0);
    for (const text of [
      posted.text,
      read.text,
      (await scene.list()).text,
      await storedText(scene),
      lines.join(),
    ]) {
      expect(text).not.toContain(canary);
    }
  },
);

test.each([
  [
    "with NUL",
    'data: {"id":"a\\u0000b","choices":[{"index":0,"delta":{"content":"h\\u0000i"},"finish_reason":"stop"}]}',
  ],
  [
    "with half a surrogate pair",
    'data: {"id":"\\ud800","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}',
  ],
  [
    "that is no text",
    'data: {"id":7,"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}',
  ],
])("a provider's id %s does not cost the turn", async (_id, line) => {
  const scene = await createTurnScene({ agents: ["ada", "bob"] });
  await scene.models.script(says("ada", { body: `${line}\n\ndata: [DONE]\n\n` }));

  const { status, body } = await scene.post("@ada @bob hello");

  expect(status).toBe(201);
  expect(body.replies).toMatchObject([{ status: "completed", content: "hi" }, { status: "completed" }]);
});
