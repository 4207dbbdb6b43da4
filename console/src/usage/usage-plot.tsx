import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { UsageQuery } from "../api/money.ts";
import type { UsageRow } from "../api/types.ts";
import { formatCredits } from "../parts/format.ts";
import { type PlottedGroup, plottedGroups } from "./plotted-groups.ts";

const height = 260;
const maxLabel = 14;
const labelHeight = 84;
const minLabelPx = 26;
/** The highest column ends below the top. */
const headroom = 1.08;
/** The last label is longer than its column is wide. */
const padding: uPlot.Padding = [null, 32, null, null];

type PlotProps = { rows: readonly UsageRow[]; query: UsageQuery; nameOf: (key: string) => string };

/** Credits of each group as columns; the table below has every figure. */
export function UsagePlot({ rows, query, nameOf }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const groups = plottedGroups(rows, query, nameOf);
    let plot: uPlot | undefined;
    // The colours of a canvas are drawn, not styled: a change of the colour scheme draws it again.
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(optionsOf(element, groups, query.groupBy), dataOf(groups), element);
    };
    draw();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    const resizes = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
    resizes.observe(element);
    return () => {
      scheme.removeEventListener("change", draw);
      resizes.disconnect();
      plot?.destroy();
    };
  }, [rows, nameOf]);
  const label = `Credits by ${query.groupBy}; the table has the figures`;
  return <div class="plot" ref={host} role="img" aria-label={label} />;
}

function dataOf(groups: readonly PlottedGroup[]): uPlot.AlignedData {
  return [groups.map((_, index) => index), groups.map(({ credits }) => credits)];
}

function optionsOf(element: HTMLElement, groups: readonly PlottedGroup[], groupBy: string): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const font = `12px ${style.fontFamily}`;
  const axis = { stroke: colour("--soft"), font, ticks: { show: false } };
  const labelOf = (index: number) => groups[index]?.label ?? "";
  return {
    width: element.clientWidth,
    height,
    padding,
    cursor: { drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: [-0.6, groups.length - 0.4] },
      y: { range: (_, __, most) => [0, (most || 1) * headroom] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        rotate: -45,
        size: labelHeight,
        splits: () => everyLabel(groups.length, element.clientWidth),
        values: (_, indexes) => indexes.map((index) => cut(labelOf(index))),
      },
      {
        ...axis,
        grid: { stroke: colour("--line"), width: 1 },
        size: 64,
        values: (_, amounts) => amounts.map((amount) => formatCredits(String(amount))),
      },
    ],
    series: [
      { label: groupBy, value: (_, index) => labelOf(index) },
      {
        label: "Credits",
        fill: colour("--accent"),
        points: { show: false },
        ...(uPlot.paths.bars && { paths: uPlot.paths.bars({ size: [0.6, 48] }) }),
        value: (_, amount) => (amount === null ? "" : formatCredits(String(amount))),
      },
    ],
  };
}

/** As many labels as have room. */
function everyLabel(count: number, width: number): number[] {
  const step = Math.max(1, Math.ceil((count * minLabelPx) / width));
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}

function cut(text: string): string {
  return text.length > maxLabel ? `${text.slice(0, maxLabel - 1)}…` : text;
}
