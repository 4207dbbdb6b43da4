import * as z from "zod";
import { type ErrorCode, errorCodes } from "../domain/errors.ts";

/** Text that Postgres can store and that reads back the same: no NUL, no lone surrogate. */
export function text(maximum: number) {
  return z
    .string()
    .refine(
      (value) => !value.includes("\u0000") && value.isWellFormed(),
      "must not hold NUL or lone surrogates",
    )
    .trim()
    .min(1, "must not be blank")
    .max(maximum);
}

export const id = z.uuid();
export const instant = z.iso.datetime();

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  after: id.optional(),
});

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), has_more: z.boolean(), last_id: z.string().nullable() });
}

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    request_id: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: "Problem" });
