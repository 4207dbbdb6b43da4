import * as z from "zod";
import type { OidcClient } from "../../domain/oidc-client.ts";

const oidc = z
  .object({
    issuer: z.string(),
    client_id: z.string(),
    audience: z.string().nullable().meta({ description: "Asked for with the token, where it is set" }),
    scopes: z.string().meta({ description: "Separated by blanks" }),
  })
  .meta({ id: "OidcClient" });

export const consoleConfig = z
  .object({ oidc: oidc.nullable().meta({ description: "null: people paste a token" }) })
  .meta({ id: "ConsoleConfig" });

export function toConsoleConfig(client: OidcClient | undefined): z.input<typeof consoleConfig> {
  if (client === undefined) return { oidc: null };
  const { issuer, clientId, audience = null, scopes } = client;
  return { oidc: { issuer, client_id: clientId, audience, scopes } };
}
