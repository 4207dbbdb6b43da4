import * as z from "zod";
import { readCurrentPrices } from "../actions/read-current-prices.ts";
import type { Deps } from "../deps.ts";
import type { CatalogModel } from "../domain/catalog.ts";
import { planContextBudget } from "../domain/context/context-budget.ts";
import { sentSettings } from "../domain/model-dialect.ts";
import { modelSettingNames } from "../domain/model-settings.ts";
import { toolPermissionNames } from "../domain/tool-names.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";

const tag = "catalog";

const capabilities = z
  .object({
    max_output_tokens: z
      .int()
      .meta({ description: "Tokens of the longest answer that an agent of this model can give" }),
    model_settings: z.array(z.enum(modelSettingNames)).meta({
      description: "The `model_settings` that are sent to this model; others have no effect",
    }),
  })
  .meta({ id: "ModelCapabilities", description: "What an agent of this model can be set to" });

const model = z
  .object({
    alias: z.string().describe("By which agents name the model"),
    provider: z.string().describe("Who is asked"),
    provider_model: z.string().describe("The model, as its provider names it"),
    context_window: z.int().meta({ description: "Tokens" }),
    multiplier: z.number().meta({ description: "Factor of the credits; below 0.5 it counts as 0.5" }),
    capabilities,
  })
  .meta({ id: "Model", description: "A model that agents can have" });

const tool = z
  .object({
    name: z.string().describe("By which models call the tool"),
    description: z.string().describe("What it does; models get the same text"),
    permission: z.enum(toolPermissionNames).meta({
      description: "What an agent needs in `tool_permissions` to use it",
    }),
  })
  .meta({ id: "Tool", description: "A tool that agents can be permitted to use" });

const modelList = z
  .object({
    pricing_version: z.string().describe("The prices that turns are opened under now"),
    data: z.array(model).describe("All models"),
  })
  .meta({ id: "ModelList", description: "The catalog of models" });
const toolList = z
  .object({ data: z.array(tool).describe("All tools") })
  .meta({ id: "ToolList", description: "The catalog of tools" });

const routes = {
  models: defineRoute("get", "/models", "List the models", {
    id: "listModels",
    tag,
    description: "The models that agents can have, and what each can be set to.",
    responses: { 200: json(modelList, "All models; the list is not paged") },
  }),
  tools: defineRoute("get", "/tools", "List the tools", {
    id: "listTools",
    tag,
    description: "The tools that agents can be permitted to use.",
    responses: { 200: json(toolList, "All tools; the list is not paged") },
  }),
};

export function registerCatalogRoutes(app: App, deps: Deps): void {
  const { maxOutputTokens } = deps.settings.context;
  app.openapi(routes.models, async (c) => {
    const { version, catalog } = await readCurrentPrices(deps);
    return c.json(
      { pricing_version: version, data: catalog.map((row) => toModel(row, maxOutputTokens)) },
      200,
    );
  });
  app.openapi(routes.tools, (c) => c.json({ data: deps.listTools() }, 200));
}

function toModel(row: CatalogModel, maxOutputTokens: number): z.input<typeof model> {
  return {
    alias: row.alias,
    provider: row.provider,
    provider_model: row.providerModel,
    context_window: row.contextWindowTokens,
    multiplier: row.multiplierHundredths / 100,
    capabilities: {
      max_output_tokens: planContextBudget(row.contextWindowTokens, maxOutputTokens).outputReserve,
      model_settings: sentSettings(row.dialect),
    },
  };
}
