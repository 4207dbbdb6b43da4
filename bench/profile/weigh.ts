import type { CpuProfile } from "../../test/system/faults/testbed/inspector.ts";
import { otherPart, partOfModule } from "./parts.ts";

/** A function on the stack, with the time of its samples, and of those in which it was on top, in ms. */
export type Frame = {
  name: string;
  /** The part of the system that its own time belongs to. */
  part: string;
  totalMs: number;
  ownMs: number;
  children: Frame[];
};

/** What V8 samples beside functions. */
const specialParts: Readonly<Record<string, string>> = {
  "(program)": "workerd outside of JavaScript",
  "(garbage collector)": "garbage collection",
};
const idle = "(idle)";

/**
 * The profile as a tree. A function of the platform belongs to the part that called it. A sample counts for twice the
 * interval at most: what is longer was another process's time.
 */
export function weighProfile(
  { nodes, samples, timeDeltas }: CpuProfile,
  modules: readonly (string | null)[],
  intervalUs: number,
): Frame {
  const ownMs = new Map<number, number>();
  for (const [index, id] of samples.entries()) {
    const ms = Math.min(timeDeltas[index] ?? 0, 2 * intervalUs) / 1_000;
    ownMs.set(id, (ownMs.get(id) ?? 0) + ms);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const toFrame = (node: CpuProfile["nodes"][number], callerPart: string): Frame => {
    const { functionName, url, lineNumber } = node.callFrame;
    const module = url === "index.js" ? (modules[lineNumber] ?? null) : null;
    const part = specialParts[functionName] ?? (module === null ? callerPart : partOfModule(module));
    const children = (node.children ?? []).flatMap((id) => {
      const child = byId.get(id);
      return child === undefined || child.callFrame.functionName === idle ? [] : [toFrame(child, part)];
    });
    const own = ownMs.get(node.id) ?? 0;
    const place = module === null ? "" : ` ${module.replace("node_modules/", "")}`;
    return {
      name: `${functionName || "(anonymous)"}${place}`,
      part,
      ownMs: own,
      totalMs: children.reduce((sum, { totalMs }) => sum + totalMs, own),
      children,
    };
  };
  const [root] = nodes;
  if (root === undefined) throw new Error("The profile is empty.");
  return toFrame(root, otherPart);
}

/** Own time by `keyOf` in ms, most first. */
export function sumOwnMs(root: Frame, keyOf: (frame: Frame) => string): [key: string, ms: number][] {
  const sums = new Map<string, number>();
  const add = (frame: Frame): void => {
    sums.set(keyOf(frame), (sums.get(keyOf(frame)) ?? 0) + frame.ownMs);
    for (const child of frame.children) add(child);
  };
  add(root);
  return [...sums].filter(([, ms]) => ms > 0).sort(([, one], [, other]) => other - one);
}
