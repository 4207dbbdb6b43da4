import { registerAnswerHeaders } from "../answer-header-schemas.ts";
import type { App } from "../app-env.ts";

export type ApiDocument = ReturnType<App["getOpenAPI31Document"]>;

/** The groups of the reference, in the order in which a new reader needs them. */
const tags = [
  { name: "rooms", description: "A room has a goal, a mode and a roster of agents." },
  { name: "agents", description: "An agent is a model, a role and a set of permitted tools." },
  { name: "files", description: "A file is a document of a room, which agents can read." },
  { name: "sessions", description: "A session is one conversation in a room." },
  { name: "turns", description: "A turn is one message of the user and the answers of the agents." },
  { name: "stock clients", description: "The same turns, for clients that speak a protocol of their own." },
  { name: "catalog", description: "The models and tools that agents can have." },
  {
    name: "money",
    description: "What turns cost, and what limits it. Amounts are decimal strings of credits.",
  },
  {
    name: "operators",
    description: "For tokens with the role of an operator; to others these routes do not exist.",
  },
  { name: "users", description: "The caller." },
  { name: "health", description: "Whether the service runs." },
  { name: "reference", description: "This document." },
];

/** Paragraphs. The modes are those of src/domain/plan/modes.ts. */
const description = [
  "Rooms in which one person works with several AI agents. A turn is one message of the user and the answers of the agents; it is stored whole, with what it cost, or not at all.",
  "The mode of a room decides who answers. `manual` and `tag` are two names of one mode: the agents that the message tags with `@key` answer all at once, and none sees another's answer of the same turn. `roundtable`: every agent answers, by its position, and each sees the answers before its own. `orchestrator`: a manager, which is a model, picks the agents and their order, and each sees the answers before its own.",
  "A resource of another user answers 404, exactly like one that never existed. Errors are RFC 9457 problems with a stable `code`. Unknown fields and unknown query parameters are refused.",
  "Lists take `limit` and `after`, and answer `data`, `has_more` and `last_id`. While `has_more` is true, send `last_id` as the next `after`.",
  "A POST with an `Idempotency-Key` is safe to repeat: what was stored under the key comes back, with `Idempotency-Replayed: true`, and no model is called again.",
].join("\n\n");

const info = {
  title: "Pantheon",
  version: "1",
  description,
  contact: { name: "The operator of this deployment" },
  license: { name: "All rights reserved", identifier: "LicenseRef-All-Rights-Reserved" },
};

/** The OpenAPI 3.1 document of the routes that `app` has when this is called. */
export function buildApiDocument(app: App): ApiDocument {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
  });
  registerAnswerHeaders(app);
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info,
    servers: [{ url: "/", description: "The server of this document" }],
    tags,
  });
}
