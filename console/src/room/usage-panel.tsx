import type { Agent, Turn } from "../api/types.ts";
import { api, useAccount } from "../app-context.ts";
import { useCell } from "../cell.ts";
import type { Conversation } from "../conversation/conversation.ts";
import { formatCount, formatCredits } from "../parts/format.ts";
import { useLoad } from "../parts/use-load.ts";
import { thisMonth } from "../usage/period.ts";

type UsagePanelProps = { conversation: Conversation; agents: readonly Agent[] };

/** What is left, and what the last turn, the session and the month cost. */
export function UsagePanel({ conversation }: UsagePanelProps) {
  const { turns } = useCell(conversation.state);
  const { features } = useAccount();
  const last = turns?.at(-1);
  return (
    <section class="side">
      <h2>Usage</h2>
      {last === undefined ? (
        <p class="help">Here you see what each turn costs.</p>
      ) : (
        <>
          <UsageTable title="Last turn" turns={[last]} />
          <UsageTable title="This session" turns={turns ?? []} />
        </>
      )}
      {features.wallet && <MonthAndWallet after={last} />}
    </section>
  );
}

/** Of all rooms of the person; read again after each turn. */
function MonthAndWallet({ after }: { after: Turn | undefined }) {
  const { value } = useLoad(`month after ${after?.id} ${after?.usage.calls}`, () =>
    Promise.all([api.wallet(), api.usage({ ...thisMonth(), groupBy: "day" })]),
  );
  if (value === undefined) return null;
  const [wallet, days] = value;
  const month = days.reduce((sum, { credits }) => sum + Number(credits), 0);
  return (
    <table class="figures">
      <caption>All rooms</caption>
      <tbody>
        <tr>
          <th scope="row">Credits this month</th>
          <td>{formatCredits(String(month))}</td>
        </tr>
        <tr>
          <th scope="row">Left in the wallet</th>
          <td>{wallet.balance === null ? "not limited" : formatCredits(wallet.balance)}</td>
        </tr>
      </tbody>
    </table>
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
