import type { TurnDetail } from "../api/types.ts";
import { formatCredits, formatSeconds, plural } from "../parts/format.ts";
import { toneOf } from "../parts/tone.ts";
import { stepTimes } from "./step-times.ts";

const rowHeight = 44;
const labelWidth = 170;
const width = 820;
const barWidth = width - labelWidth - 230;

/** The steps on one line of time: steps that ran at the same time are shown beside each other. */
export function StepGraph({ turn }: { turn: TurnDetail }) {
  const steps = stepTimes(turn);
  const totalMs = Math.max(1, ...steps.map(({ toMs }) => toMs));
  const keys = [...new Set(turn.replies.map(({ agent_key: key }) => key))];
  const scale = (ms: number) => (ms / totalMs) * barWidth;
  const said = steps.map(
    ({ name, fromMs, toMs }) => `${name} from ${formatSeconds(fromMs)} to ${formatSeconds(toMs)}`,
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="graph" tabIndex={0} aria-label="Graph of the steps">
      <svg
        viewBox={`0 0 ${width} ${steps.length * rowHeight + 24}`}
        role="img"
        aria-label={`Steps by time: ${said.join("; ")}`}
      >
        <line x1={labelWidth} y1="0" x2={labelWidth} y2={steps.length * rowHeight} class="graph-axis" />
        {steps.map((step, index) => (
          <g
            key={step.step}
            transform={`translate(0 ${index * rowHeight})`}
            data-tone={toneOf(step.agentKey, keys) ?? "none"}
          >
            <text x="0" y="20" class="graph-name">
              {step.name}
            </text>
            <text x="0" y="36" class="graph-step">
              {step.step}
            </text>
            <rect
              x={labelWidth + scale(step.fromMs)}
              y="10"
              width={Math.max(3, scale(step.toMs - step.fromMs))}
              height="18"
              rx="4"
              class={`graph-bar graph-${step.status}`}
            />
            <text x={labelWidth + scale(step.toMs) + 8} y="24" class="graph-fact">
              {formatSeconds(step.toMs - step.fromMs)}
              {step.status === "failed" ? ", failed" : `, ${formatCredits(String(step.credits))} cr`}
              {step.tools > 0 && `, ${plural(step.tools, "tool call")}`}
            </text>
          </g>
        ))}
        <text x={labelWidth} y={steps.length * rowHeight + 18} class="graph-step">
          0 s
        </text>
        <text x={labelWidth + barWidth} y={steps.length * rowHeight + 18} class="graph-step graph-end">
          {formatSeconds(totalMs)}
        </text>
      </svg>
    </section>
  );
}
