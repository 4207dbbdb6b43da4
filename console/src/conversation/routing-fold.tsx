import type { TurnDetail } from "../api/types.ts";

/** How the manager chose, folded; nothing where the turn had none. */
export function RoutingFold({ detail }: { detail: TurnDetail }) {
  const decisions = detail.audit.flatMap((row) => row.orchestration?.decisions ?? []);
  const first = decisions[0];
  if (first === undefined) return null;
  const picked = decisions.map(({ selected_keys: keys }) => keys.join(", ") || "nobody more").join("; then ");
  return (
    <details class="fold routing">
      <summary>
        The manager picked <strong>{picked}</strong>
      </summary>
      <ol>
        {decisions.map((decision, index) => (
          <li key={index}>
            {decision.verdict}, by {decision.rule}
            {decision.raw !== null && <pre>{decision.raw}</pre>}
          </li>
        ))}
      </ol>
    </details>
  );
}
