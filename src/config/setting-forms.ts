import * as z from "zod";

export const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http(s) URL" });

export const name = z.string().trim().min(1, "must not be blank").max(200);

/** A setting that is JSON. `fallback` is its text where it is not set. */
export const jsonText = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: "custom", message: "is not JSON" });
        return z.NEVER;
      }
    });
