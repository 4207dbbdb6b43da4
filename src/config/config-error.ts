import type * as z from "zod";

/** Thrown at start: one line for each setting that is missing or bad, never with its value. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.map((problem) => `Setting ${problem}`).join("\n"));
    this.name = "ConfigError";
  }
}

/** Drops blank bindings: they count as not set. */
export function dropBlank(bindings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isBlank = (value: unknown) => typeof value === "string" && value.trim() === "";
  return Object.fromEntries(Object.entries(bindings).filter(([, value]) => !isBlank(value)));
}

/** Describes one problem of a setting, without its value. */
export function describeIssue(issue: z.core.$ZodIssue, bindings: Readonly<Record<string, unknown>>): string {
  const [setting, ...inner] = issue.path.map(String);
  if (bindings[setting ?? ""] === undefined) return `${setting}: is missing`;
  return `${setting}: ${inner.length === 0 ? "" : `${inner.join(".")}: `}${issue.message}`;
}
