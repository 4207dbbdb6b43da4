import type * as z from "zod";
import { formatDecimal, parseDecimal } from "../../src/domain/billing/pricing.ts";
import type { turnDetail } from "../../src/routes/schemas/turn-detail.ts";
import { formatTable } from "../table.ts";
import { truncate } from "../truncate.ts";
import type { RunResult } from "./live-turn.ts";

export type Turn = z.output<typeof turnDetail>;
type Call = Turn["llm_calls"][number];

const maxRecordLength = 60;

/** Lines about a stored turn: the manager's choice, the usage of each agent, the tools, the citations, the ledger, the timings. */
export function reportTurn(
  turn: Turn,
  timing: RunResult["timing"],
  elapsedMs: (step: string) => number | undefined,
): string[] {
  return [
    ...titled("Routing", routingLines(turn)),
    ...titled("Agents", agentTable(turn, elapsedMs)),
    ...titled("Tools", toolLines(turn)),
    ...titled("Citations", citationLines(turn)),
    ...titled("Ledger", ledgerTable(turn.llm_calls)),
    ...titled("Timings", timingLines(timing)),
  ];
}

export function sumCredits(calls: readonly Call[]): string {
  return formatDecimal(
    calls.reduce((sum, { credits }) => sum + parseDecimal(credits, 8), 0n),
    8,
  );
}

export function sumTokens(calls: readonly Call[]): number {
  return calls.reduce((sum, { total_tokens }) => sum + total_tokens, 0);
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

function agentTable(turn: Turn, elapsedMs: (step: string) => number | undefined): string[] {
  const rows = turn.replies.map(({ step, agent_name, status }) => {
    const calls = turn.llm_calls.filter((call) => call.step === step);
    const elapsed = elapsedMs(step);
    return [
      step,
      agent_name,
      status,
      String(calls.length),
      String(sumTokens(calls)),
      sumCredits(calls),
      elapsed === undefined ? "" : `${Math.round(elapsed)} ms`,
    ];
  });
  return formatTable(["step", "agent", "reply", "calls", "tokens", "credits", "time"], rows);
}

function ledgerTable(calls: readonly Call[]): string[] {
  const rows = calls.map((call) => [
    call.step,
    call.model_alias,
    String(call.input_tokens_fresh),
    String(call.input_tokens_cached),
    String(call.output_tokens),
    call.credits,
    call.usage_source,
    call.pricing_version,
  ]);
  return formatTable(
    ["step", "model", "fresh", "cached", "output", "credits", "usage from", "pricing"],
    rows,
  );
}

function toolLines(turn: Turn): string[] {
  return turn.tool_calls.map(({ agent_key, tool_name, status, input, output, latency_ms }) => {
    const [asked, found] = [input, output].map((record) => truncate(JSON.stringify(record), maxRecordLength));
    return `${agent_key}: ${tool_name} ${asked}: ${status} in ${latency_ms} ms, ${found}`;
  });
}

function citationLines(turn: Turn): string[] {
  return turn.citations.map(
    ({ agent_key, page, file_id }) => `${agent_key}: page ${page} of file ${file_id}`,
  );
}

/** What the manager decided, round by round, and its usage. */
function routingLines(turn: Turn): string[] {
  const record = turn.audit.find((row) => row.orchestration !== null)?.orchestration;
  if (!record || record.decisions.length === 0) return [];
  const calls = turn.audit
    .flatMap((row) => row.overhead_calls)
    .filter(({ purpose }) => purpose === "routing");
  const tokens = calls.reduce(
    (sum, call) => sum + call.input_tokens_fresh + call.input_tokens_cached + call.output_tokens,
    0,
  );
  return [
    ...record.decisions.map(
      ({ selected_keys, rule }, index) =>
        `Round ${index + 1}: ${selected_keys.join(", ") || "nobody"} (${rule})`,
    ),
    `The rounds ended by ${record.rounds_ended_by}; the ${tokens} tokens of the manager's decisions are not billed`,
  ];
}

function timingLines(timing: RunResult["timing"]): string[] {
  const { open_ms, model_ms, tools_ms, commit_ms, total_ms } = timing;
  return [
    `open ${open_ms} ms, model ${model_ms} ms, tools ${tools_ms} ms, commit ${commit_ms} ms, total ${total_ms} ms`,
    `${timing.database_round_trips} database round trips in sequence, ${timing.checkpoint_round_trips} checkpoints beside model calls`,
  ];
}
