import { createApiKey } from "../actions/create-api-key.ts";
import { deleteApiKey, loadApiKeys } from "../db/keys/api-keys.ts";
import type { Deps } from "../deps.ts";
import type { ApiKeyUsers } from "../http/api-key-users.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json, jsonBody } from "../http/responses.ts";
import { pageOf, pageQuery } from "../http/schemas.ts";
import * as schemas from "./schemas/api-key.ts";
import { toPage } from "./schemas/page.ts";

const tag = "users";

const routes = {
  create: defineRoute("post", "/auth/keys", "Make an API key", {
    id: "createApiKey",
    tag,
    description:
      "A key is taken wherever a token is, but not for the routes of operators. It is shown this once.",
    request: { body: jsonBody(schemas.newApiKey) },
    responses: { 201: json(schemas.createdApiKey, "The key") },
    problems: ["too_many_keys"],
  }),
  list: defineRoute("get", "/auth/keys", "List your API keys", {
    id: "listApiKeys",
    tag,
    description: "Oldest first, without the keys themselves.",
    request: { query: pageQuery },
    responses: { 200: json(pageOf(schemas.apiKey), "A page of keys") },
  }),
  revoke: defineRoute("delete", "/auth/keys/{key_id}", "Revoke an API key", {
    id: "revokeApiKey",
    tag,
    description: "It may be taken for another 30 s where it was used just before.",
    request: { params: schemas.apiKeyParams },
    responses: { 204: { description: "The key is revoked" } },
  }),
};

/** @param forget makes this isolate refuse a revoked key at once. */
export function registerApiKeyRoutes(app: App, deps: Deps, forget: ApiKeyUsers["forget"]): void {
  app.openapi(routes.create, async (c) => {
    const { row, key } = await createApiKey(deps, c.var.user, c.req.valid("json").name);
    return c.json({ ...schemas.toApiKeyRead(row), key }, 201);
  });
  app.openapi(routes.list, async (c) => {
    const page = await loadApiKeys(deps.db, c.var.user.userId, c.req.valid("query"));
    return c.json(toPage(page, schemas.toApiKeyRead), 200);
  });
  app.openapi(routes.revoke, async (c) => {
    const { key_id } = c.req.valid("param");
    await deleteApiKey(deps.db, c.var.user.userId, key_id);
    forget(key_id);
    return c.body(null, 204);
  });
}
