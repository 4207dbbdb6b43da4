import { loadRooms } from "../db/rooms/rooms.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { modelList, openAiErrorContent } from "./schemas/openai.ts";

const route = defineRoute("get", "/models", "List rooms as OpenAI's models", {
  id: "listOpenAiModels",
  tag: "stock clients",
  errorContent: openAiErrorContent,
  description: "The caller's rooms, for clients of OpenAI's API.",
  responses: { 200: json(modelList, "Rooms") },
});

/** OpenAI's list has no pages. */
const maxModels = 200;

export function registerOpenAiModelRoute(app: App, { db, now }: Deps): void {
  app.openapi(route, async (c) => {
    const { rows } = await loadRooms(db, c.var.user, { limit: maxModels, order: "recent" }, now());
    const data = rows.map(({ id, name, createdAt }) => ({
      id: `room:${id}`,
      object: "model" as const,
      created: Math.floor(createdAt.getTime() / 1_000),
      owned_by: "pantheon" as const,
      name,
    }));
    return c.json({ object: "list" as const, data }, 200);
  });
}
