import * as z from "zod";
import { storeUser } from "../db/rooms/users.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";

const user = z
  .object({
    user_id: z.string().describe("The token's `sub`"),
    email: z.string().nullable().describe("The token's `email`; null: it has none"),
  })
  .meta({ id: "User", description: "Who the token names" });

const me = defineRoute("get", "/auth/me", "Read the token's user", {
  id: "getCurrentUser",
  description: "Who the token names. The user's row is stored with the first request.",
  tag: "users",
  responses: { 200: json(user, "The caller") },
});

export function registerUserRoutes(app: App, deps: Deps): void {
  app.openapi(me, async (c) => {
    const { userId, email } = c.var.user;
    await storeUser(deps.db, c.var.user, deps.now());
    return c.json({ user_id: userId, email }, 200);
  });
}
