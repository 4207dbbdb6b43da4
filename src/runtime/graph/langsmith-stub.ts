// Stands in for the package `langsmith`, which LangChain imports to send traces to a service of its maker's.
// Nothing here is ever traced; the real one is 200 KiB, and makes a record for every function that a graph runs.

/** LangChain makes one for each function it runs, and hangs that function's config on it. */
export class RunTree {
  extra: Record<string, unknown> = {};
}

/** Only ever made by tracers, of which there are none. */
export class Client {}

export function isRunTree(value: unknown): boolean {
  return value instanceof RunTree;
}

export function isTraceableFunction(): boolean {
  return false;
}

export function getCurrentRunTree(): undefined {
  return undefined;
}

export function getDefaultProjectName(): string {
  return "default";
}

/** Names a trace's steps; there are none. */
export function convertToDottedOrderFormat(): {
  dottedOrder: string;
  microsecondPrecisionDatestring: string;
} {
  return { dottedOrder: "", microsecondPrecisionDatestring: "" };
}
