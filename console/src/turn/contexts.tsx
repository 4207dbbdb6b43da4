import type { TurnDetail } from "../api/types.ts";
import { formatCount } from "../parts/format.ts";

type Audit = TurnDetail["audit"][number];

/** For each step: how much of the conversation its model was sent, and what was left out and why. */
export function Contexts({ turn }: { turn: TurnDetail }) {
  return (
    <div class="contexts">
      {turn.audit.map((row) => (
        <Context key={`${row.run_id}/${row.step}`} row={row} />
      ))}
    </div>
  );
}

function Context({ row }: { row: Audit }) {
  const used = row.counted_input_tokens ?? row.estimated_tokens_after_prune;
  return (
    <article class="card context">
      <h3>
        {row.step} <small>{row.model_alias}</small>
      </h3>
      <meter min={0} max={row.input_budget} value={used} aria-label={`Tokens sent to ${row.step}`} />
      <p>
        {formatCount(used)} of {formatCount(row.input_budget)} tokens
        <small>
          {" "}
          {row.counted_input_tokens === null ? "estimated" : "counted by the provider"}; the window has{" "}
          {formatCount(row.model_context_limit)}
        </small>
      </p>
      <p>
        <small>Messages</small> {row.included.map(toRange).join(", ") || "none but the question"}
      </p>
      {row.summary_id !== null && <p class="help">Earlier turns came as a summary.</p>}
      {row.dropped.map(({ from, to, reason }) => (
        <p key={from} class="help">
          Left out: {toRange([from, to])}, {reason.replaceAll("_", " ")}
        </p>
      ))}
      {row.unknown_tags.length > 0 && (
        <p class="help">Tags of nobody here: {row.unknown_tags.map((tag) => `@${tag}`).join(" ")}</p>
      )}
    </article>
  );
}

function toRange([from, to]: readonly [number, number]): string {
  return from === to ? `${from}` : `${from} to ${to}`;
}
