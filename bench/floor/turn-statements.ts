import { v7 as uuidv7 } from "uuid";

/** A turn of the floor: its user, room and session, and its index. */
export type FloorTurn = {
  userId: string;
  roomId: string;
  sessionId: string;
  turnIndex: number;
  message: string;
  isParallel: boolean;
};

type Statement = { text: string; values: unknown[] };

/** The rows that a turn of Pantheon's leaves behind, in as many statements as there are tables. */
export function turnStatements(turn: FloorTurn, replies: readonly string[]): Statement[] {
  const id = uuidv7();
  const { sessionId, userId, roomId, turnIndex, message } = turn;
  const now = new Date().toISOString();
  const of = { session_id: sessionId, turn_id: id, run_id: id };
  const firstSeq = (turnIndex - 1) * (replies.length + 1) + 1;
  const output = replies.map((reply, index) => `Agent ${index}: ${reply}`).join("\n\n");
  return [
    insert("turns", [
      {
        id,
        session_id: sessionId,
        turn_index: turnIndex,
        mode: "roundtable",
        user_input: message,
        assistant_output: output,
        status: "completed",
        model_alias_used: "roundtable",
        created_at: now,
      },
    ]),
    insert("turn_runs", [
      {
        id,
        turn_id: id,
        session_id: sessionId,
        kind: "turn",
        request_hash: "0".repeat(64),
        committed_by: id,
        created_at: now,
      },
    ]),
    insert(
      "messages",
      [message, ...replies].map((content, index) => ({
        id: uuidv7(),
        ...of,
        seq: firstSeq + index,
        role: index === 0 ? "user" : "assistant",
        agent_key: index === 0 ? null : `agent-${index}`,
        agent_name: index === 0 ? null : "Agent",
        status: "completed",
        content,
        created_at: now,
      })),
    ),
    insert(
      "turn_context_audit",
      replies.map((_, index) => ({
        id: uuidv7(),
        ...of,
        agent_key: `agent-${index}`,
        model_alias: "deepseek",
        model_alias_marker: "roundtable",
        model_context_limit: 131_072,
        input_budget: 122_470,
        output_reserve: 2_048,
        overhead_reserve: 6_554,
        estimated_tokens_before: 4_000,
        estimated_tokens_after_summary: 4_000,
        estimated_tokens_after_prune: 4_000,
        token_scale: "1.0000",
        counted_input_tokens: 4_000,
        created_at: now,
        included: "[[1, 16]]",
        dropped: "[]",
        unknown_tags: "[]",
        overhead_calls: "[]",
      })),
    ),
    insert(
      "llm_call_events",
      replies.map((_, index) => ({
        id: uuidv7(),
        user_id: userId,
        room_id: roomId,
        ...of,
        agent_key: `agent-${index}`,
        round: 1,
        provider: "openrouter",
        model_alias: "deepseek",
        provider_model: "deepseek",
        input_tokens_fresh: 4_000,
        input_tokens_cached: 0,
        output_tokens: 256,
        total_tokens: 4_256,
        oe_tokens: "1656.0000",
        credits: "0.16560000",
        usage_source: "provider",
        latency_ms: 1,
        attempts: 1,
        status: "completed",
        pricing_version: "2026-02-20",
        provider_request_id: "id",
        created_at: now,
      })),
    ),
  ];
}

/** One statement for all rows; they have the same columns. */
function insert(table: string, rows: readonly Record<string, unknown>[]): Statement {
  const columns = Object.keys(rows[0] ?? {});
  const placeholders = rows.map(
    (_, row) => `(${columns.map((_, column) => `$${row * columns.length + column + 1}`).join(", ")})`,
  );
  const text = `insert into ${table} (${columns.join(", ")}) values ${placeholders.join(", ")}`;
  return { text, values: rows.flatMap((row) => Object.values(row)) };
}
