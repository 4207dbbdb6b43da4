import type { UsageGroup, UsageRow } from "../api/types.ts";
import { formatCount } from "../parts/format.ts";

type TableProps = { rows: readonly UsageRow[]; groupBy: UsageGroup; nameOf: (key: string) => string };

/** Every group with all its figures; amounts to the last digit. */
export function UsageTable({ rows, groupBy, nameOf }: TableProps) {
  const hasMargin = rows.some(({ margin_usd: margin }) => margin !== undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="wide-table" tabIndex={0} aria-label="Usage">
      <table class="table-plain">
        <thead>
          <tr>
            <th scope="col">{groupBy}</th>
            <th scope="col">Credits</th>
            <th scope="col">of them estimated</th>
            <th scope="col">Calls</th>
            <th scope="col">Fresh</th>
            <th scope="col">Cached</th>
            <th scope="col">Out</th>
            <th scope="col">Cost US$</th>
            {hasMargin && <th scope="col">Margin US$</th>}
            {hasMargin && <th scope="col">Active users</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row[groupBy]}>
              <th scope="row">{nameOf(row[groupBy] ?? "")}</th>
              <td class="number">{row.credits}</td>
              <td class="number">{row.estimated_credits}</td>
              <td class="number">{formatCount(row.calls)}</td>
              <td class="number">{formatCount(row.input_tokens_fresh)}</td>
              <td class="number">{formatCount(row.input_tokens_cached)}</td>
              <td class="number">{formatCount(row.output_tokens)}</td>
              <td class="number">{row.provider_cost_usd ?? "not stated"}</td>
              {hasMargin && <td class="number">{row.margin_usd ?? "unknown"}</td>}
              {hasMargin && <td class="number">{formatCount(row.active_users ?? 0)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
