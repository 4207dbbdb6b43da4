import * as z from "zod";

/**
 * A schema that is built when it is first read. The schema of an answer is read by the reference only: built at the start
 * of the Worker, they would be a thousand objects that most isolates never use.
 */
export function lazily<Schema extends z.ZodType>(build: () => Schema): z.ZodLazy<Schema> {
  let built: Schema | undefined;
  return z.lazy(() => {
    built ??= build();
    return built;
  });
}
