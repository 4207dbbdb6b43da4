import type * as z from "zod";

/** Thrown at start: one line per setting that is missing or bad. Never holds a value. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.map((problem) => `Setting ${problem}`).join("\n"));
    this.name = "ConfigError";
  }
}

/** A blank binding counts as one that is not set. */
export function dropBlank(bindings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isBlank = (value: unknown) => typeof value === "string" && value.trim() === "";
  return Object.fromEntries(Object.entries(bindings).filter(([, value]) => !isBlank(value)));
}

/** One problem of a setting in words. Holds no value. */
export function describeIssue(issue: z.core.$ZodIssue, bindings: Readonly<Record<string, unknown>>): string {
  const [setting, ...inner] = issue.path.map(String);
  if (bindings[setting ?? ""] === undefined) return `${setting}: is missing`;
  return `${setting}: ${inner.length === 0 ? "" : `${inner.join(".")}: `}${issue.message}`;
}
