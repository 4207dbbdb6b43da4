import { useCallback, useState } from "preact/hooks";
import type { UsageQuery } from "../api/money.ts";
import type { UsageGroup, UsageRow } from "../api/types.ts";
import { api } from "../app-context.ts";
import { Empty, Loading, ProblemNote } from "../parts/states.tsx";
import { useLoad } from "../parts/use-load.ts";
import { lastDays, type Period, thisMonth } from "./period.ts";
import { UsagePlot } from "./usage-plot.tsx";
import { UsageTable } from "./usage-table.tsx";

const periods: Readonly<Record<string, () => Period>> = {
  "Last 7 days": () => lastDays(7),
  "Last 30 days": () => lastDays(30),
  "This month": () => thisMonth(),
};

type ReportProps = {
  groups: readonly UsageGroup[];
  load: (query: UsageQuery) => Promise<UsageRow[]>;
  /** Absent where there is no file of it. */
  onCsv?: (query: UsageQuery) => void;
};

/** Usage by a group of the reader's choice, as a plot and as a table. */
export function UsageReport({ groups, load, onCsv }: ReportProps) {
  const [groupBy, setGroupBy] = useState<UsageGroup>("day");
  const [period, setPeriod] = useState("Last 30 days");
  const query = { ...(periods[period]?.() ?? lastDays(30)), groupBy };
  const { value: rows, error, reload } = useLoad(`usage ${period} ${groupBy}`, () => load(query));
  const rooms = useLoad("names of rooms", api.rooms);
  const nameOf = useCallback(
    (key: string) => {
      if (key === "") return "none";
      return groupBy === "room" ? (rooms.value?.find(({ id }) => id === key)?.name ?? key) : key;
    },
    [groupBy, rooms.value],
  );
  return (
    <>
      <div class="usage-choice">
        <label>
          By{" "}
          <select
            value={groupBy}
            onChange={(event) => setGroupBy(toGroup(event.currentTarget.value, groups))}
          >
            {groups.map((group) => (
              <option key={group}>{group}</option>
            ))}
          </select>
        </label>
        <label>
          Of{" "}
          <select value={period} onChange={(event) => setPeriod(event.currentTarget.value)}>
            {Object.keys(periods).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        {onCsv && (
          <button type="button" class="button" onClick={() => onCsv(query)}>
            CSV
          </button>
        )}
      </div>
      {error && <ProblemNote error={error} onRetry={reload} />}
      {rows === undefined && error === undefined && <Loading what="the usage" rows={6} />}
      {rows?.length === 0 && <Empty title="Nothing was spent in this time." />}
      {rows !== undefined && rows.length > 0 && (
        <>
          <UsagePlot {...{ rows, query, nameOf }} />
          <UsageTable {...{ rows, groupBy, nameOf }} />
        </>
      )}
    </>
  );
}

function toGroup(name: string, groups: readonly UsageGroup[]): UsageGroup {
  return groups.find((group) => group === name) ?? "day";
}
