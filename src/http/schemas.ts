import * as z from "zod";
import { errorCodeNames } from "../domain/errors.ts";
import { isBlank } from "../domain/text/is-blank.ts";
import { isStorableText } from "../domain/text/storable-text.ts";

/**
 * Text that Postgres can store and that reads back the same: no NUL, no lone surrogate. `maximum` counts
 * characters as JSON Schema does, that is code points; zod's own `max` counts an emoji twice.
 */
export function text(maximum: number) {
  return z
    .string()
    .refine(isStorableText, "must not hold NUL or lone surrogates")
    .trim()
    .refine((value) => !isBlank(value), "must not be blank")
    .refine((value) => isWithin(value, maximum), `must have at most ${maximum} characters`)
    .meta({ minLength: 1, maxLength: maximum });
}

/** A character is two code units at most: a text of megabytes is not taken apart to be counted. */
function isWithin(text: string, characters: number): boolean {
  if (text.length <= characters) return true;
  return text.length <= 2 * characters && [...text].length <= characters;
}

/**
 * A list of bounded length. zod reads every entry before it looks at how many there are, so that its bound is
 * looked at before.
 */
export function list<Item extends z.ZodType>(item: Item, maxItems: number) {
  return z.preprocess((value, context) => {
    if (!Array.isArray(value) || value.length <= maxItems) return value;
    context.addIssue({ code: "custom", message: `must have at most ${maxItems} entries` });
    return z.NEVER;
  }, z.array(item).max(maxItems));
}

export const id = z.uuid();
export const instant = z.iso.datetime();

/** Digits alone: what JavaScript takes for a number besides (`1e2`, ` 5`) is refused. */
const pageLimit = z
  .string()
  .regex(/^\d{1,3}$/, "must be a whole number from 1 to 200")
  .transform(Number)
  .pipe(z.int().min(1).max(200))
  .default(50)
  .meta({ type: "integer", minimum: 1, maximum: 200, default: 50, description: "Rows on a page" });

export const pageQuery = z.object({
  limit: pageLimit,
  after: id.optional().meta({ description: "`last_id` of the page before" }),
});

/** A page of a list; where its items have a name, so has the page. Make one per kind of item. */
export function pageOf<T extends z.ZodType>(item: T) {
  const page = z.object({ data: z.array(item), has_more: z.boolean(), last_id: z.string().nullable() });
  const name = item.meta()?.id;
  return name === undefined ? page : page.meta({ id: `${name}Page` });
}

/** So many faults of a request are told; the others are counted. */
export const maxErrors = 20;

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(errorCodeNames),
    request_id: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .max(maxErrors)
      .optional()
      .meta({ description: "What does not validate, field by field; of many the first" }),
    error_count: z
      .int()
      .optional()
      .meta({ description: "How much does not validate, `errors` and the rest" }),
    turn_id: id.optional().meta({ description: "The turn that is under way" }),
    input_budget: z.int().optional().meta({ description: "Tokens an agent's input may have" }),
    estimated_tokens: z.int().optional().meta({ description: "Tokens it would have had" }),
    model_context_limit: z.int().optional().meta({ description: "Tokens of its model's window" }),
  })
  .meta({ id: "Problem" });
