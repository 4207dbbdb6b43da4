import type { App } from "../app-env.ts";

export type ApiDocument = ReturnType<App["getOpenAPI31Document"]>;

/** The groups of the reference, in the order in which a new reader needs them. */
const tags = [
  { name: "rooms", description: "A room has a goal, a mode and a roster of agents." },
  { name: "agents", description: "An agent is a model, a role and a set of permitted tools." },
  { name: "files", description: "A file is a document of a room, which agents can read." },
  { name: "sessions", description: "A session is one conversation in a room." },
  { name: "turns", description: "A turn is one message of the user and the answers of the agents." },
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

const description = [
  "Rooms in which one person works with several AI agents.",
  "A resource of another user answers 404, exactly like one that never existed. Errors are RFC 9457 problems with a stable `code`.",
  "Lists take `limit` and `after`, and answer `data`, `has_more` and `last_id`.",
].join(" ");

/** The OpenAPI 3.1 document of the routes that `app` has when this is called. */
export function buildApiDocument(app: App): ApiDocument {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
  });
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Pantheon", version: "1", description },
    servers: [{ url: "/", description: "The server of this document" }],
    tags,
  });
}
