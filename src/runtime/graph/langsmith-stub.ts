// Replaces the package `langsmith`, which LangChain imports to send traces to its maker's service.
// Nothing is traced here. The real package has 200 KiB and makes a record for every function that a graph runs.

/** LangChain makes one for each function it runs, and attaches that function's config to it. */
export class RunTree {
  extra: Record<string, unknown> = {};
}

/** Only tracers make one, and there are none. */
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

/** Names the steps of a trace. There are none. */
export function convertToDottedOrderFormat(): {
  dottedOrder: string;
  microsecondPrecisionDatestring: string;
} {
  return { dottedOrder: "", microsecondPrecisionDatestring: "" };
}
