import type { UsageGroup, UsageRow } from "../api/types.ts";
import { formatCredits } from "../parts/format.ts";

const width = 960;
const rowHeight = 28;
const labelWidth = 200;
const maxRows = 31;

type BarsProps = { rows: readonly UsageRow[]; groupBy: UsageGroup; nameOf: (key: string) => string };

/** Credits of each group as bars; the table below has every figure. */
export function UsageBars({ rows, groupBy, nameOf }: BarsProps) {
  const shown =
    groupBy === "day"
      ? rows.slice(-maxRows)
      : rows.toSorted((left, right) => Number(right.credits) - Number(left.credits)).slice(0, maxRows);
  const most = Math.max(1e-9, ...shown.map(({ credits }) => Number(credits)));
  return (
    <svg
      class="bars"
      viewBox={`0 0 ${width} ${shown.length * rowHeight}`}
      role="img"
      aria-label={`Credits by ${groupBy}; the table has the figures`}
    >
      {shown.map((row, index) => {
        const length = (Number(row.credits) / most) * (width - labelWidth - 110);
        const key = row[groupBy] ?? "";
        return (
          <g key={key} transform={`translate(0 ${index * rowHeight})`}>
            <text x="0" y="18">
              {cut(nameOf(key))}
            </text>
            <rect x={labelWidth} y="6" width={Math.max(2, length)} height="16" rx="3" />
            <text x={labelWidth + length + 8} y="18">
              {formatCredits(row.credits)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

const maxLabel = 28;

function cut(text: string): string {
  return text.length > maxLabel ? `${text.slice(0, maxLabel)}…` : text;
}
