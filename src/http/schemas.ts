import * as z from "zod";
import { errorCodeNames } from "../domain/errors.ts";

/**
 * Text that Postgres can store and that reads back the same: no NUL, no lone surrogate. `maximum` counts
 * characters as JSON Schema does, that is code points; zod's own `max` counts an emoji twice.
 */
export function text(maximum: number) {
  return z
    .string()
    .refine(
      (value) => !value.includes("\u0000") && value.isWellFormed(),
      "must not hold NUL or lone surrogates",
    )
    .trim()
    .min(1, "must not be blank")
    .refine((value) => isWithin(value, maximum), `must have at most ${maximum} characters`)
    .meta({ maxLength: maximum });
}

function isWithin(text: string, characters: number): boolean {
  return text.length <= characters || [...text].length <= characters;
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
      .optional()
      .meta({ description: "What does not validate, field by field" }),
    turn_id: id.optional().meta({ description: "The turn that is under way" }),
    input_budget: z.int().optional().meta({ description: "Tokens an agent's input may have" }),
    estimated_tokens: z.int().optional().meta({ description: "Tokens it would have had" }),
    model_context_limit: z.int().optional().meta({ description: "Tokens of its model's window" }),
  })
  .meta({ id: "Problem" });
