import { synthesisStepId } from "../../../../src/domain/plan/step.ts";
import { deriveTurnStatus, joinReplies } from "../../../../src/domain/turn/turn-outcome.ts";
import type { MessageRow, SessionRows, TurnRow } from "./session-rows.ts";

/** The complete answer of each step. */
export type WholeAnswers = (step: string) => string;

/** Checks that each turn of a session has all of its rows. Returns what is missing. */
export function checkTurns(rows: SessionRows, wholeAnswer: WholeAnswers): string[] {
  const { turns, runs, messages, claims, checkpoints } = rows;
  const turnIds = new Set(turns.map(({ id }) => id));
  const strayed = [...runs, ...messages].filter(({ turn_id }) => !turnIds.has(turn_id));
  return [
    ...(claims > 0 ? ["a claim is left"] : []),
    ...strayed.map(() => "a row without its turn"),
    ...(isGapless(turns.map(({ turn_index }) => turn_index)) ? [] : ["turn indexes with a gap"]),
    ...(isGapless(messages.map(({ seq }) => seq)) ? [] : ["messages with a gap"]),
    ...checkpoints.filter(({ kept }) => kept > 1).map(({ kept }) => `${kept} checkpoints of a finished run`),
    ...turns.flatMap((turn) =>
      checkTurn(turn, rows, wholeAnswer).map((what) => `turn ${turn.turn_index}: ${what}`),
    ),
  ];
}

function checkTurn(turn: TurnRow, rows: SessionRows, wholeAnswer: WholeAnswers): string[] {
  const ofTurn = <Row extends { turn_id: string | null }>(list: Row[]) =>
    list.filter(({ turn_id }) => turn_id === turn.id);
  const messages = ofTurn(rows.messages);
  const said = messages.filter(({ role }) => role === "user").map(({ content }) => content);
  const replies = currentReplies(messages);
  const replied = replies.map(({ step }) => step ?? "");
  const audited = new Set(ofTurn(rows.audits).map(({ step }) => step));
  const paid = new Set(
    ofTurn(rows.ledger).flatMap(({ status, step }) => (status === "completed" ? [step] : [])),
  );
  const answered = replies.filter(({ status }) => status === "completed");
  return [
    ...(rows.runs.some(({ id, kind }) => id === turn.id && kind === "turn") ? [] : ["without its run"]),
    ...(said.length === 1 && said[0] === turn.user_input ? [] : [`${said.length} messages of the user`]),
    ...(replies.length > 0 ? [] : ["without replies"]),
    ...(new Set(replied).size === replied.length ? [] : ["a step with two replies"]),
    ...replied.filter((step) => !audited.has(step)).map((step) => `${step} without its audit`),
    ...answered
      .filter(({ step }) => !paid.has(step ?? ""))
      .map(({ step }) => `${step}'s answer without its ledger row`),
    ...answered
      .filter(({ step, content }) => content !== wholeAnswer(step ?? ""))
      .map(({ step }) => `${step}'s completed answer is not complete`),
    ...(turn.status === deriveTurnStatus(replies.map(toStatus)) ? [] : [`'${turn.status}' by mistake`]),
    ...(outputOf(replies) === turn.assistant_output ? [] : ["its text is not that of its replies"]),
  ];
}

function outputOf(replies: readonly MessageRow[]): string {
  const synthesis = replies.find(({ step, status }) => step === synthesisStepId && status === "completed");
  const shown = synthesis === undefined ? replies : [synthesis];
  return joinReplies(shown.map(({ agent_name, content }) => ({ agentName: agent_name ?? "", content })));
}

/** Ordered as the plan is. A reply of a retry takes the place of the reply that it supersedes. */
function currentReplies(messages: readonly MessageRow[]): MessageRow[] {
  const replies = messages.filter(({ role, visibility }) => role === "assistant" && visibility === "shared");
  const superseded = new Set(replies.map(({ supersedes_id }) => supersedes_id));
  const positions = new Map(replies.toReversed().map(({ step, seq }) => [step, seq]));
  return replies
    .filter(({ id }) => !superseded.has(id))
    .sort((one, other) => (positions.get(one.step) ?? 0) - (positions.get(other.step) ?? 0));
}

function toStatus({ status }: MessageRow): { status: "completed" | "failed" } {
  return { status: status === "completed" ? "completed" : "failed" };
}

/** True for 1, 2, 3 and so on, in any order. */
function isGapless(numbers: readonly number[]): boolean {
  return numbers.toSorted((a, b) => a - b).every((number, index) => number === index + 1);
}
