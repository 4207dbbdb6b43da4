import { env } from "cloudflare:workers";
import { neon, neonConfig } from "@neondatabase/serverless";
import { expect, inject, test } from "vitest";

test("a test in workerd reaches the database and the scripted models", async () => {
  neonConfig.fetchEndpoint = inject("neonEndpoint");
  const sql = neon(inject("databaseUrl"));
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);

  const base = `${inject("modelServer")}/s/${crypto.randomUUID()}`;
  const response = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m1", messages: [{ role: "user", content: "hello" }] }),
  });
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: "ok from m1" } }] });
  expect(navigator.userAgent).toBe("Cloudflare-Workers");
  expect(env).toHaveProperty("NEON_HTTP_ENDPOINT", inject("neonEndpoint"));
});
