import type { ComponentChildren } from "preact";
import type { TurnDetail } from "../api/types.ts";
import { formatCount, formatSeconds } from "../parts/format.ts";

/** Every model call of the turn that was billed or may have been. */
export function LedgerTable({ turn }: { turn: TurnDetail }) {
  const heads = [
    "Step",
    "Model",
    "Status",
    "Fresh",
    "Cached",
    "Out",
    "Weighted",
    "Credits",
    "Cost US$",
    "Time",
    "Request",
  ];
  return (
    <Table heads={heads} label="Ledger">
      {turn.llm_calls.map((call) => (
        <tr key={call.id}>
          <td>
            {call.step} <small>call {call.round}</small>
          </td>
          <td>
            {call.model_alias}
            <small class="under">{call.provider_model}</small>
          </td>
          <td>
            {call.status}
            <small class="under">{call.usage_source === "provider" ? "counted" : "estimated"}</small>
          </td>
          <td class="number">{formatCount(call.input_tokens_fresh)}</td>
          <td class="number">{formatCount(call.input_tokens_cached)}</td>
          <td class="number">{formatCount(call.output_tokens)}</td>
          <td class="number" title="All tokens by their weight in output tokens">
            {call.oe_tokens}
          </td>
          <td class="number">
            {call.credits}
            <small class="under">prices {call.pricing_version}</small>
          </td>
          <td class="number">{call.provider_cost_usd ?? "not stated"}</td>
          <td class="number">{formatSeconds(call.latency_ms)}</td>
          <td class="mono id" title={call.provider_request_id ?? ""}>
            {call.provider_request_id ?? "none"}
          </td>
        </tr>
      ))}
    </Table>
  );
}

type Overhead = TurnDetail["audit"][number]["overhead_calls"][number];

const purposeWords: Readonly<Record<Overhead["purpose"], string>> = {
  routing: "Choosing agents",
  summary_text: "Summary",
  summary_structure: "Facts of the summary",
  session_title: "Title of the session",
};

/** Calls of the manager and the summarizer. They cost no credits. */
export function OverheadTable({ calls }: { calls: readonly Overhead[] }) {
  return (
    <Table heads={["For", "Model", "Status", "In", "Out", "Time"]} label="Calls that are not billed">
      {calls.map((call, index) => (
        <tr key={`${call.purpose}-${index}`}>
          <td>{purposeWords[call.purpose]}</td>
          <td>{call.model_alias}</td>
          <td>{call.status}</td>
          <td class="number">{formatCount(call.input_tokens_fresh + call.input_tokens_cached)}</td>
          <td class="number">{formatCount(call.output_tokens)}</td>
          <td class="number">{formatSeconds(call.latency_ms)}</td>
        </tr>
      ))}
    </Table>
  );
}

type TableProps = { heads: readonly string[]; label: string; children: ComponentChildren };

function Table({ heads, label, children }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="wide-table" tabIndex={0} aria-label={label}>
      <table class="table-plain">
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}
