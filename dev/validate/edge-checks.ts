import * as z from "zod";
import { problem } from "../../src/http/schemas.ts";
import { type Check, expectAnswer, expectEqual } from "./check.ts";

const ok = z.object({ status: z.literal("ok") });
const me = z.object({ user_id: z.string(), email: z.string().nullable() });

/** The Worker and its database answer, and calls without a valid token are refused. */
export const edgeChecks: readonly Check[] = [
  {
    name: "health",
    async run({ api }) {
      const live = await api.send({ method: "GET", path: "/health", token: null });
      expectAnswer(live, 200, ok);
      const ready = await api.send({ method: "GET", path: "/health/ready", token: null });
      expectAnswer(ready, 200, ok);
      return { live_ms: live.ms, ready_ms: ready.ms };
    },
  },
  {
    name: "auth",
    async run({ api }) {
      for (const token of [null, "not.a.token"]) {
        const refused = await api.send({ method: "GET", path: "/auth/me", token });
        expectEqual("code", expectAnswer(refused, 401, problem).code, "unauthorized");
        expectEqual("WWW-Authenticate", refused.headers.get("WWW-Authenticate"), "Bearer");
      }
      const { user_id } = expectAnswer(await api.send({ method: "GET", path: "/auth/me" }), 200, me);
      return { user_id };
    },
  },
];
