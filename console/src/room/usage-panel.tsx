import type { Agent, Turn } from "../api/types.ts";
import { useCell } from "../cell.ts";
import type { Conversation } from "../conversation/conversation.ts";
import { formatCount, formatCredits } from "../parts/format.ts";

type UsagePanelProps = { conversation: Conversation; agents: readonly Agent[] };

/** What the last turn and the session cost. */
export function UsagePanel({ conversation }: UsagePanelProps) {
  const { turns } = useCell(conversation.state);
  const last = turns?.at(-1);
  return (
    <section class="side">
      <h2>Usage</h2>
      {last === undefined ? (
        <p class="help">What each turn costs stands here.</p>
      ) : (
        <>
          <UsageTable title="Last turn" turns={[last]} />
          <UsageTable title="This session" turns={turns ?? []} />
        </>
      )}
    </section>
  );
}

function UsageTable({ title, turns }: { title: string; turns: readonly Turn[] }) {
  const sum = (read: (turn: Turn) => number) => turns.reduce((total, turn) => total + read(turn), 0);
  const rows = [
    { label: "Credits", value: formatCredits(String(sum(({ usage }) => Number(usage.credits)))) },
    { label: "Model calls", value: formatCount(sum(({ usage }) => usage.calls)) },
    { label: "Tokens in", value: formatCount(sum(inputTokens)) },
    { label: "of them cached", value: formatCount(sum(({ usage }) => usage.input_tokens_cached)) },
    { label: "Tokens out", value: formatCount(sum(({ usage }) => usage.output_tokens)) },
  ];
  return (
    <table class="figures">
      <caption>{title}</caption>
      <tbody>
        {rows.map(({ label, value }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function inputTokens({ usage }: Turn): number {
  return usage.input_tokens_fresh + usage.input_tokens_cached;
}
