import type { Access } from "../running-platform.ts";
import { DEMO_SESSION_ID } from "../seed.ts";

const MESSAGE = "@ada @grace How do we make sure that nothing is paid for twice?";

/** The parts of a turn's JSON that are printed; the whole contract is in the OpenAPI document. */
type TurnDetail = {
  id: string;
  mode: string;
  status: string;
  user_input: string;
  replies: { agent_name: string; content: string }[];
  usage: { calls: number; total_tokens: number; credits: string };
  llm_calls: LedgerRow[];
};

type LedgerRow = {
  agent_key: string;
  model_alias: string;
  input_tokens_fresh: number;
  input_tokens_cached: number;
  output_tokens: number;
  credits: string;
  usage_source: string;
  pricing_version: string;
};

/** Posts one message to two agents of the demo room, and prints what was said, spent and waited for. */
export async function playDemoTurn(access: Access, print: (line: string) => void): Promise<void> {
  const turns = `/sessions/${DEMO_SESSION_ID}/turns`;
  const posted = await call(access, "POST", turns, { message: MESSAGE });
  const { id } = (await posted.json()) as TurnDetail;
  const turn = (await (await call(access, "GET", `${turns}/${id}`)).json()) as TurnDetail;

  print(`\nConversation (mode ${turn.mode}, turn ${turn.status})`);
  print(indented("You", turn.user_input));
  for (const { agent_name, content } of turn.replies) print(indented(agent_name, content));

  print("\nLedger");
  for (const line of ledgerTable(turn.llm_calls)) print(`  ${line}`);
  const { calls, total_tokens, credits } = turn.usage;
  print(`  ${calls} model calls, ${total_tokens} tokens, ${credits} credits`);

  print(`\nTimings\n  ${(posted.headers.get("Server-Timing") ?? "none told").replaceAll(", ", "\n  ")}`);
  if (turn.status !== "completed") throw new Error(`\nThe turn is ${turn.status}; its replies tell why.`);
}

async function call({ url, token }: Access, method: string, path: string, body?: object): Promise<Response> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (response.ok) return response;
  throw new Error(`${method} ${path} was answered with ${response.status}: ${await response.text()}`);
}

function indented(name: string, text: string): string {
  return `  ${name}: ${text.replaceAll("\n", `\n${" ".repeat(name.length + 4)}`)}`;
}

function ledgerTable(rows: LedgerRow[]): string[] {
  const head = ["agent", "model", "fresh", "cached", "output", "credits", "usage from", "pricing"];
  const cells = rows.map((row) => [
    row.agent_key,
    row.model_alias,
    String(row.input_tokens_fresh),
    String(row.input_tokens_cached),
    String(row.output_tokens),
    row.credits,
    row.usage_source,
    row.pricing_version,
  ]);
  const table = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
