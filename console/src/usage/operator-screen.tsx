import "../style/turn.css";
import "../style/usage.css";
import { api, useAccount } from "../app-context.ts";
import { formatInstant } from "../parts/format.ts";
import { Empty, Loading, ProblemNote } from "../parts/states.tsx";
import { useLoad } from "../parts/use-load.ts";
import { GrantForm } from "./grant-form.tsx";
import { Prices } from "./prices.tsx";
import { UsageReport } from "./usage-report.tsx";

/** What operators see of everybody, and what they may change. */
export function OperatorScreen(_: Record<never, never>) {
  const { isOperator } = useAccount();
  if (!isOperator) return <Empty title="There is no such page, or you are no operator." />;
  return (
    <div class="usage">
      <h1>Operator</h1>
      <GrantForm />
      <section class="receipt-part">
        <h2>What everybody spent</h2>
        <UsageReport groups={["day", "user", "model", "agent", "room"]} load={api.adminUsage} />
      </section>
      <Prices />
      <Events />
    </div>
  );
}

function Events() {
  const { value, error, reload } = useLoad("events", api.adminEvents);
  return (
    <section class="receipt-part">
      <h2>What operators did</h2>
      {error && <ProblemNote error={error} onRetry={reload} />}
      {value === undefined && error === undefined && <Loading what="the events" />}
      {value?.length === 0 && <p class="help">Nothing yet.</p>}
      <ul>
        {value?.map(({ id, actor, kind, user_id: user, created_at: at, details }) => (
          <li key={id}>
            {formatInstant(at)}: <strong>{actor}</strong> {kind.replaceAll("_", " ")}
            {user !== null && ` for ${user}`} <small class="mono">{JSON.stringify(details)}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}
