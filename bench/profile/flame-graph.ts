import type { Frame } from "./weigh.ts";

const width = 1_600;
const rowHeight = 17;
const minWidth = 0.5;
const characterWidth = 6.6;
const colors = ["#e07a5f", "#f2cc8f", "#81b29a", "#6d9dc5", "#c38d9e", "#d9ae61", "#8fb996", "#a3b1d1"];

/**
 * A flame graph as one SVG file: a row for each depth of the stack, the width is time, the color the part of the
 * system. A pointer over a function shows its name and time.
 */
export function drawFlameGraph(root: Frame, title: string): string {
  const partColors = new Map<string, string>();
  const colorOf = (part: string): string => {
    const known = partColors.get(part) ?? colors[partColors.size % colors.length] ?? "#cccccc";
    partColors.set(part, known);
    return known;
  };
  const scale = width / root.totalMs;
  const boxes: string[] = [];
  let deepest = 0;
  const draw = (frame: Frame, x: number, depth: number): void => {
    const boxWidth = frame.totalMs * scale;
    if (boxWidth < minWidth) return;
    deepest = Math.max(deepest, depth);
    boxes.push(drawBox(frame, { x, y: (depth + 1) * rowHeight, width: boxWidth }, colorOf(frame.part)));
    let next = x;
    for (const child of frame.children.toSorted((one, other) => other.totalMs - one.totalMs)) {
      draw(child, next, depth + 1);
      next += child.totalMs * scale;
    }
  };
  draw(root, 0, 0);
  const legend = [...partColors].map(
    ([part, color], index) =>
      `<rect x="4" y="${(deepest + 3 + index) * rowHeight}" width="12" height="12" fill="${color}"/>` +
      `<text x="22" y="${(deepest + 3 + index) * rowHeight + 10}">${escapeXml(part)}</text>`,
  );
  const height = (deepest + 4 + legend.length) * rowHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="monospace" font-size="11">`,
    `<text x="4" y="12">${escapeXml(title)}</text>`,
    ...boxes,
    ...legend,
    "</svg>\n",
  ].join("\n");
}

type Box = { x: number; y: number; width: number };

function drawBox({ name, part, totalMs, ownMs }: Frame, box: Box, color: string): string {
  const shown = name.slice(0, Math.floor((box.width - 4) / characterWidth));
  const label = `${name} (${part}): ${totalMs.toFixed(1)} ms, own ${ownMs.toFixed(1)} ms`;
  const place = `x="${box.x.toFixed(1)}" y="${box.y}"`;
  const text =
    shown.length < 3
      ? ""
      : `<text x="${(box.x + 2).toFixed(1)}" y="${box.y + 12}">${escapeXml(shown)}</text>`;
  return (
    `<g><title>${escapeXml(label)}</title>` +
    `<rect ${place} width="${box.width.toFixed(1)}" height="${rowHeight - 1}" fill="${color}"/>${text}</g>`
  );
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
