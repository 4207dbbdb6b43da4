import * as z from "zod";
import type { ApiKeyRow } from "../../db/keys/api-keys.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { createdAt, id, instant, text } from "../../http/schemas.ts";

const name = text(120).describe("For people: what the key is for");

export const apiKey = lazily(() =>
  z
    .object({
      id,
      name: z.string().describe("For people: what the key is for"),
      ending: z.string().describe("The key's last four characters"),
      created_at: createdAt,
      last_used_at: instant.nullable().describe("When it was last used, to about 30 s; null: never"),
    })
    .meta({ id: "ApiKey", description: "A key, without what only its owner has" }),
);

export const createdApiKey = lazily(() =>
  apiKey
    .unwrap()
    .extend({ key: z.string().describe("The key itself. It is shown this once: only its hash is stored") })
    .meta({ id: "CreatedApiKey", description: "A key that was just made" }),
);

export const newApiKey = z
  .strictObject({ name })
  .meta({ id: "NewApiKey", description: "A key to make", examples: [{ name: "my laptop" }] });

export const apiKeyParams = z.object({ key_id: id.describe("The key's id, not the key") });

export function toApiKeyRead(row: ApiKeyRow): z.input<typeof apiKey> {
  return {
    id: row.id,
    name: row.name,
    ending: row.ending,
    created_at: row.createdAt.toISOString(),
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
  };
}
