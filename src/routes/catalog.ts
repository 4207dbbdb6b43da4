import * as z from "zod";
import type { Deps } from "../deps.ts";
import type { CatalogModel } from "../domain/catalog.ts";
import { knownTools } from "../domain/tool-names.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";

const tag = "catalog";

const model = z
  .object({
    alias: z.string(),
    provider: z.string(),
    provider_model: z.string(),
    context_window: z.int().meta({ description: "Tokens" }),
    multiplier: z.number().meta({ description: "What credits are multiplied by, at least 0.5" }),
  })
  .meta({ id: "Model" });

const tool = z.object({ name: z.string(), description: z.string() }).meta({ id: "Tool" });

const modelList = z.object({ data: z.array(model) }).meta({ id: "ModelList" });
const toolList = z.object({ data: z.array(tool) }).meta({ id: "ToolList" });

const routes = {
  models: defineRoute("get", "/models", "The models that agents can be given", {
    tag,
    responses: { 200: json(modelList, "All models; the list is not paged") },
  }),
  tools: defineRoute("get", "/tools", "The tools that agents can be permitted to use", {
    tag,
    responses: { 200: json(toolList, "All tools; the list is not paged") },
  }),
};

export function registerCatalogRoutes(app: App, deps: Deps): void {
  app.openapi(routes.models, (c) => c.json({ data: [...deps.catalog.models.values()].map(toModel) }, 200));
  app.openapi(routes.tools, (c) => c.json({ data: [...knownTools] }, 200));
}

function toModel(row: CatalogModel): z.input<typeof model> {
  return {
    alias: row.alias,
    provider: row.provider,
    provider_model: row.providerModel,
    context_window: row.contextWindowTokens,
    multiplier: row.multiplierHundredths / 100,
  };
}
