import type { App } from "./app-env.ts";

/** Headers of answers, which the document declares once and refers to. */
const answerHeaders = {
  "X-Request-Id": {
    description: "The request's id, as it was sent or made; it is in every line of the log",
    required: true,
    schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,128}$" },
  },
  "Retry-After": {
    description: "Seconds after which it may be tried again",
    schema: { type: "string", pattern: "^[0-9]+$" },
  },
  "WWW-Authenticate": { description: "How to authenticate", schema: { type: "string", pattern: "^Bearer$" } },
  "Idempotency-Replayed": {
    description: "The request was carried out before, under the same key; nothing was done again",
    schema: { type: "string", pattern: "^true$" },
  },
  Location: { description: "Where the turn is, under its id", schema: { type: "string" } },
  Link: { description: "The turn's events, `rel=monitor`", schema: { type: "string" } },
  "x-vercel-ai-ui-message-stream": {
    description: "The version of the AI SDK's UI message stream",
    schema: { type: "string", pattern: "^v1$" },
  },
  "Server-Timing": {
    description: "Durations in ms; `desc` of `db` and `checkpoints`: requests to the database",
    schema: { type: "string" },
  },
} as const;

export type HeaderReferences = Record<string, { $ref: string }>;

/** References to headers, for the answers of a route. */
export function headers(...names: (keyof typeof answerHeaders)[]): HeaderReferences {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** Declares the headers in the document. */
export function registerAnswerHeaders(app: App): void {
  for (const [name, header] of Object.entries(answerHeaders)) {
    app.openAPIRegistry.registerComponent("headers", name, { ...header });
  }
}
