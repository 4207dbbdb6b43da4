import * as z from "zod";
import { budgetScopes } from "../domain/billing/budget.ts";
import { errorCodeNames } from "../domain/errors.ts";
import { isBlank } from "../domain/text/is-blank.ts";
import { isStorableText } from "../domain/text/storable-text.ts";
import { lazily } from "./lazy-schema.ts";

/**
 * Text that Postgres stores unchanged: no NUL, no lone surrogate. `maximum` counts code points, as JSON Schema does; zod's
 * `max` would count an emoji twice.
 */
export function text(maximum: number) {
  return z
    .string()
    .check(
      z.refine(isStorableText, "must not contain NUL or lone surrogates"),
      z.trim(),
      z.refine((value) => !isBlank(value), "must not be blank"),
      z.refine((value) => isWithin(value, maximum), `must have at most ${maximum} characters`),
    )
    .meta({ minLength: 1, maxLength: maximum });
}

/** A code point has at most two code units, so a very long text need not be counted. */
function isWithin(text: string, characters: number): boolean {
  if (text.length <= characters) return true;
  return text.length <= 2 * characters && [...text].length <= characters;
}

/**
 * A list of bounded length. zod would read every entry before it checks the length, so the length is checked first.
 */
export function list<Item extends z.ZodType>(item: Item, maxItems: number) {
  return z.preprocess((value, context) => {
    if (!Array.isArray(value) || value.length <= maxItems) return value;
    context.addIssue({ code: "custom", message: `must have at most ${maxItems} entries` });
    return z.NEVER;
  }, z.array(item).max(maxItems));
}

/** A decimal of credits above 0. */
export const creditAmount = z
  .string()
  .regex(/^(?!0+(\.0+)?$)\d{1,7}(\.\d{1,8})?$/, "must be a decimal above 0 with at most 8 places")
  .meta({ examples: ["2.5"] });

export const id = z.uuid().describe("Its id, a UUID");
export const instant = z.iso.datetime();

/** Fields that say the same in every answer that has them. */
export const createdAt = instant.describe("When it was created");
export const updatedAt = instant.describe("When it was last changed");

/** Digits only: JavaScript would also read `1e2` and ` 5` as numbers. */
const pageLimit = z
  .string()
  .regex(/^\d{1,3}$/, "must be a whole number from 1 to 200")
  .transform(Number)
  .pipe(z.int().min(1).max(200))
  .default(50)
  .meta({ type: "integer", minimum: 1, maximum: 200, default: 50, description: "Rows on a page" });

export const pageQuery = z.strictObject({
  limit: pageLimit,
  after: id.optional().meta({ description: "`last_id` of the previous page" }),
});

/** Of a list that has a second order: what was used last comes first. */
export const usePageQuery = pageQuery.extend({
  order: z
    .enum(["oldest", "recent"])
    .default("oldest")
    .meta({ description: "`oldest`: by creation; `recent`: what was used last comes first" }),
});

/** A page of a list, named after its items. Call it once for each kind of item. */
export function pageOf<T extends z.ZodType>(item: z.ZodLazy<T>) {
  return lazily(() => {
    const page = z.object({
      data: z.array(item).describe("The rows of this page, in the list's order"),
      has_more: z.boolean().describe("True: there are rows after this page"),
      last_id: z
        .string()
        .nullable()
        .describe(
          "What the next page is asked for with `after`: the page's last row; null: the page is empty",
        ),
    });
    const name = item.unwrap().meta()?.id;
    return name === undefined ? page : page.meta({ id: `${name}Page`, description: "One page of a list" });
  });
}

/** How many validation errors an answer lists. */
export const maxErrors = 20;

export const problem = lazily(() =>
  z
    .object({
      type: z.string().describe("A link to the code in the reference"),
      title: z.string().describe("What the code means, for people"),
      status: z.int().describe("The answer's HTTP status"),
      detail: z.string().describe("What went wrong this time, for people"),
      code: z.enum(errorCodeNames).describe("What went wrong, for programs: it does not change"),
      request_id: z.string().describe("The request's `X-Request-Id`, which is in every line of the log"),
      errors: z
        .array(
          z.object({
            path: z.string().describe("The field, as `a.b.0`; empty: the whole body"),
            message: z.string().describe("What is wrong with it"),
          }),
        )
        .max(maxErrors)
        .optional()
        .meta({ description: "Fields that do not validate; the first 20" }),
      error_count: z.int().optional().meta({ description: "How many validation errors there are in all" }),
      turn_id: id.optional().meta({ description: "The turn that is running" }),
      scope: z.enum(budgetScopes).optional().meta({ description: "Whose credits are used up, or held" }),
      limit: z.string().optional().meta({ description: "Credits of that budget" }),
      spent: z.string().optional().meta({ description: "Credits spent of it" }),
      resets_at: instant
        .nullable()
        .optional()
        .meta({ description: "When its next period begins; null: never" }),
      input_budget: z.int().optional().meta({ description: "Tokens that an agent's input may have" }),
      estimated_tokens: z.int().optional().meta({ description: "Tokens that the input would have had" }),
      model_context_limit: z.int().optional().meta({ description: "Tokens of the model's context window" }),
    })
    .meta({ id: "Problem", description: "An error, as RFC 9457 describes it" }),
);
