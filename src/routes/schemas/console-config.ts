import * as z from "zod";
import type { OidcClient } from "../../domain/oidc-client.ts";
import { lazily } from "../../http/lazy-schema.ts";

const oidc = lazily(() =>
  z
    .object({
      issuer: z.string().describe("The address of the OpenID provider"),
      client_id: z.string().describe("The console's id at the provider"),
      audience: z.string().nullable().meta({ description: "Asked for with the token, where it is set" }),
      scopes: z.string().meta({ description: "Separated by blanks" }),
    })
    .meta({ id: "OidcClient", description: "How the console asks the provider for a token" }),
);

export const consoleConfig = lazily(() =>
  z
    .object({ oidc: oidc.nullable().meta({ description: "null: people paste a token" }) })
    .meta({ id: "ConsoleConfig", description: "How people sign in to the console" }),
);

export function toConsoleConfig(client: OidcClient | undefined): z.input<typeof consoleConfig> {
  if (client === undefined) return { oidc: null };
  const { issuer, clientId, audience = null, scopes } = client;
  return { oidc: { issuer, client_id: clientId, audience, scopes } };
}
