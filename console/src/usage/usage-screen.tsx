import "../style/turn.css";
import "../style/usage.css";
import { useState } from "preact/hooks";
import type { UsageQuery } from "../api/money.ts";
import { type ApiError, toApiError } from "../api/problem.ts";
import { api } from "../app-context.ts";
import { ProblemNote } from "../parts/states.tsx";
import { UsageReport } from "./usage-report.tsx";
import { WalletCards } from "./wallet-cards.tsx";

/** What the person has left, and what was spent on what. */
export function UsageScreen(_: Record<never, never>) {
  const [error, setError] = useState<ApiError>();
  const saveCsv = (query: UsageQuery) => {
    api.usageCsv(query).then(
      (file) => saveFile(file, `usage-by-${query.groupBy}.csv`),
      (failure: unknown) => setError(toApiError(failure)),
    );
  };
  return (
    <div class="usage">
      <h1>Usage</h1>
      <WalletCards />
      {error && <ProblemNote error={error} />}
      <UsageReport groups={["day", "agent", "model", "room", "session"]} load={api.usage} onCsv={saveCsv} />
    </div>
  );
}

function saveFile(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
