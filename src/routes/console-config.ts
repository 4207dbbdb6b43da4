import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { consoleConfig, toConsoleConfig } from "./schemas/console-config.ts";

const read = defineRoute("get", "/console-config", "How people sign in to the console", {
  id: "getConsoleConfig",
  tag: "users",
  description: "What a page needs before it has a token.",
  isOpen: true,
  responses: { 200: json(consoleConfig, "The OpenID provider and the console's client id") },
});

export function registerConsoleConfigRoute(app: App, deps: Deps): void {
  app.openapi(read, (c) => c.json(toConsoleConfig(deps.oidc), 200));
}
