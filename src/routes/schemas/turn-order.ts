import * as z from "zod";
import { id, pageQuery } from "../../http/schemas.ts";

/** Of a list that follows the turns of a session: it can be read from either end. */
export const turnOrderQuery = pageQuery.extend({
  after: pageQuery.shape.after.meta({ description: "With `order=asc`: `last_id` of the previous page" }),
  before: id.optional().meta({ description: "With `order=desc`: `last_id` of the previous page" }),
  order: z
    .enum(["asc", "desc"])
    .default("asc")
    .meta({ description: "`asc`: oldest first; `desc`: latest first" }),
});

type PageOrder = { order: "asc" | "desc"; after?: string | undefined; before?: string | undefined };

/** Each order has a cursor of its own. */
export function refuseOtherCursor({ order, after, before }: PageOrder, context: z.RefinementCtx): void {
  const [path, given] = order === "asc" ? ["before", before] : ["after", after];
  if (given === undefined) return;
  context.addIssue({ code: "custom", path: [path], message: `cannot be used with order=${order}` });
}

/** The page that is asked for; `after` is the cursor of either order. */
export function toOrderedPage({ limit, order, after, before }: PageOrder & { limit: number }) {
  return { limit, after: after ?? before, newestFirst: order === "desc" };
}
