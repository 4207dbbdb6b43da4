import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";

/** Headers of OpenAI's SDK, which it adds to every request. */
const openAiHeaders = [
  ...[
    "User-Agent",
    "OpenAI-Organization",
    "OpenAI-Project",
    "X-Stainless-Lang",
    "X-Stainless-Package-Version",
  ],
  ...["X-Stainless-OS", "X-Stainless-Arch", "X-Stainless-Runtime", "X-Stainless-Runtime-Version"],
  ...[
    "X-Stainless-Retry-Count",
    "X-Stainless-Timeout",
    "X-Stainless-Helper-Method",
    "X-Stainless-Poll-Helper",
  ],
];
/** Headers of a page's own requests, then those that browser tracing adds to every request. */
const requestHeaders = [
  ...["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id", "Accept", "Last-Event-ID"],
  ...["traceparent", "tracestate", "baggage", "sentry-trace"],
  ...openAiHeaders,
];
const answerHeaders = [
  ...["X-Request-Id", "Server-Timing", "Idempotency-Replayed", "Retry-After", "WWW-Authenticate"],
  ...["Location", "Link", "Content-Disposition"],
];

/**
 * Allows CORS requests of these origins. An answer to any other origin has no CORS headers.
 * @param origins `https://*.chat.example` allows every origin with one label in the place of the star.
 */
export function allowOrigins(origins: readonly string[]) {
  const isAllowed = matchOrigins(origins);
  const allow = cors({
    origin: (origin) => origin,
    allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: requestHeaders,
    exposeHeaders: answerHeaders,
    maxAge: 600,
  });
  return createMiddleware(async (c, next) => {
    if (isAllowed(c.req.header("Origin") ?? "")) return allow(c, next);
    await next();
    c.header("Vary", "Origin", { append: true });
  });
}

function matchOrigins(origins: readonly string[]): (origin: string) => boolean {
  const exact = new Set(origins.filter((origin) => !origin.includes("*")));
  const wildcards = origins.filter((origin) => origin.includes("*")).map((origin) => origin.split("*"));
  return (origin) =>
    exact.has(origin) || wildcards.some(([before = "", after = ""]) => isBetween(origin, before, after));
}

/** Whether an origin is one label between two texts. */
function isBetween(origin: string, before: string, after: string): boolean {
  if (!origin.startsWith(before) || !origin.endsWith(after)) return false;
  return /^[a-z0-9-]+$/.test(origin.slice(before.length, -after.length));
}
