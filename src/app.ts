import { OpenAPIHono } from "@hono/zod-openapi";
import type { Deps } from "./deps.ts";
import { allowOrigins } from "./http/allowed-origins.ts";
import { createApiKeyUsers } from "./http/api-key-users.ts";
import { apiPath, openAiPath } from "./http/api-path.ts";
import type { App, AppEnv } from "./http/app-env.ts";
import { serveConsole } from "./http/console-page.ts";
import { limitBody } from "./http/json-body.ts";
import { limitInvalid } from "./http/limit-invalid.ts";
import { refuseUnknownRoute } from "./http/matched-route.ts";
import { answerOpenAiError } from "./http/openai/openai-error.ts";
import { answerError } from "./http/problem.ts";
import { withRequestId } from "./http/request-id.ts";
import { logRequests } from "./http/request-log.ts";
import { requireOperator } from "./http/require-operator.ts";
import { requireUser } from "./http/require-user.ts";
import { securityHeaders } from "./http/security-headers.ts";
import { throwOnInvalid } from "./http/validation.ts";
import { registerAdminRoutes } from "./routes/admin.ts";
import { registerAgUiRoutes } from "./routes/ag-ui.ts";
import { registerAgUiHistoryRoutes } from "./routes/ag-ui-history.ts";
import { registerAgentRoutes } from "./routes/agents.ts";
import { registerApiKeyRoutes } from "./routes/api-keys.ts";
import { registerBudgetRoutes } from "./routes/budgets.ts";
import { registerCancelRoutes } from "./routes/cancel.ts";
import { registerCatalogRoutes } from "./routes/catalog.ts";
import { registerChatCompletionRoute } from "./routes/chat-completions.ts";
import { registerConsoleConfigRoute } from "./routes/console-config.ts";
import { registerFileContentRoute } from "./routes/file-content.ts";
import { registerFileUploadRoute } from "./routes/file-upload.ts";
import { registerFileRoutes } from "./routes/files.ts";
import { registerHealthRoutes } from "./routes/health.ts";
import { registerMessageRoutes } from "./routes/messages.ts";
import { registerOpenAiModelRoute } from "./routes/openai-models.ts";
import { registerReferenceRoutes } from "./routes/reference.ts";
import { registerRetryRoutes } from "./routes/retry.ts";
import { registerRoomRoutes } from "./routes/rooms.ts";
import { registerSessionQueueRoute } from "./routes/session-queue.ts";
import { registerSessionRoutes } from "./routes/sessions.ts";
import { registerTurnEventRoutes } from "./routes/turn-events.ts";
import { registerTurnHistoryRoutes } from "./routes/turn-history.ts";
import { registerTurnRoutes } from "./routes/turns.ts";
import { registerUiMessageRoutes } from "./routes/ui-messages.ts";
import { registerUsageRoutes } from "./routes/usage.ts";
import { registerUserRoutes } from "./routes/users.ts";

import { registerWalletRoutes } from "./routes/wallet.ts";

/** Builds the HTTP application: middleware, routes and the one error handler. */
export function createApp(deps: Deps): App {
  const app: App = new OpenAPIHono<AppEnv>({ defaultHook: throwOnInvalid });
  app.use(withRequestId(deps.log, deps.newId), logRequests(deps.nowMs));
  app.use(securityHeaders, allowOrigins(deps.corsAllowedOrigins));
  app.onError(answerError);
  app.notFound(serveConsole(deps.consoleFiles, deps.oidc));

  const api: App = new OpenAPIHono<AppEnv>({ defaultHook: throwOnInvalid });
  // The order decides. Routes before `requireUser` need no token.
  registerHealthRoutes(api, deps);
  registerReferenceRoutes(api, app);
  registerConsoleConfigRoute(api, deps);
  const keys = createApiKeyUsers({ ...deps, findKey: deps.findApiKey });
  api.use(refuseUnknownRoute, requireUser(keys.verify), limitInvalid(deps.invalidLimiter));
  // Routes before `limitBody` have their own limits.
  registerAgUiRoutes(api, deps);
  registerUiMessageRoutes(api, deps);
  registerTurnRoutes(api, deps);
  registerFileUploadRoute(api, deps);
  api.use(limitBody);
  registerUserRoutes(api, deps);
  registerApiKeyRoutes(api, deps, keys.forget);
  registerCatalogRoutes(api, deps);
  registerRoomRoutes(api, deps);
  registerAgentRoutes(api, deps);
  registerFileRoutes(api, deps);
  registerFileContentRoute(api, deps);
  registerSessionRoutes(api, deps);
  registerSessionQueueRoute(api, deps);
  registerMessageRoutes(api, deps);
  registerAgUiHistoryRoutes(api, deps);
  registerRetryRoutes(api, deps);
  registerCancelRoutes(api, deps);
  registerTurnHistoryRoutes(api, deps);
  registerWalletRoutes(api, deps);
  registerBudgetRoutes(api, deps);
  registerUsageRoutes(api, deps);
  api.use("/admin/*", requireOperator);
  registerAdminRoutes(api, deps);
  registerTurnEventRoutes(api, deps);
  app.route(apiPath, api);

  // Clients of OpenAI's API know no other paths, and no other form of errors.
  const openAi: App = new OpenAPIHono<AppEnv>({ defaultHook: throwOnInvalid });
  openAi.onError(answerOpenAiError);
  openAi.use(refuseUnknownRoute, requireUser(keys.verify), limitInvalid(deps.invalidLimiter));
  registerOpenAiModelRoute(openAi, deps);
  registerChatCompletionRoute(openAi, deps);
  app.route(openAiPath, openAi);
  return app;
}
