import type { Budget, Wallet } from "../api/types.ts";
import { api } from "../app-context.ts";
import { formatCredits, formatInstant } from "../parts/format.ts";
import { Loading, ProblemNote } from "../parts/states.tsx";
import { useLoad } from "../parts/use-load.ts";

/** The wallet and the budgets that limit the person. */
export function WalletCards() {
  const { value, error, reload } = useLoad("wallet", () => Promise.all([api.wallet(), api.budgets()]));
  if (error !== undefined) return <ProblemNote error={error} onRetry={reload} />;
  if (value === undefined) return <Loading what="the wallet" rows={2} />;
  const [wallet, budgets] = value;
  return (
    <div class="wallet-cards">
      <WalletCard wallet={wallet} />
      {budgets
        .filter(
          ({ limit_credits: limit, period, scope }) =>
            limit !== null && !(scope === "user" && period === "ever"),
        )
        .map((budget) => (
          <BudgetCard key={budget.id} budget={budget} />
        ))}
    </div>
  );
}

export function WalletCard({ wallet }: { wallet: Wallet }) {
  if (wallet.balance === null) {
    return (
      <div class="card figure">
        <span>Wallet</span>
        <strong>Not limited</strong>
        <small>Nobody has granted credits yet.</small>
      </div>
    );
  }
  return (
    <div class="card figure">
      <span>Left in the wallet</span>
      <strong>{formatCredits(wallet.balance)} credits</strong>
      <small>
        {formatCredits(wallet.spent ?? "0")} of {formatCredits(wallet.granted ?? "0")} spent
        {Number(wallet.held ?? 0) > 0 && `, ${formatCredits(wallet.held ?? "0")} held by running turns`}
      </small>
    </div>
  );
}

function BudgetCard({ budget }: { budget: Budget }) {
  const limit = Number(budget.limit_credits);
  const period = { ever: "in all", day: "a day", month: "a month" }[budget.period];
  return (
    <div class="card figure">
      <span>
        Budget of this {budget.scope === "user" ? "account" : budget.scope}, {period}
      </span>
      <strong>
        {formatCredits(budget.spent)} of {formatCredits(String(limit))}
      </strong>
      <meter min={0} max={Math.max(limit, 1e-9)} value={Number(budget.spent)} aria-label="Spent" />
      {budget.resets_at && <small>Begins again {formatInstant(budget.resets_at)}</small>}
    </div>
  );
}
