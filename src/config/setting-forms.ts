import * as z from "zod";

export const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http(s) URL" });

export const name = z.string().trim().min(1, "must not be blank").max(200);
