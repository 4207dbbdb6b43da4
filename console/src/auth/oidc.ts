import * as oauth from "oauth4webapi";
import type { ConsoleConfig } from "../api/types.ts";

type Provider = NonNullable<ConsoleConfig["oidc"]>;

/** What the answer of the provider must agree with. It is kept for one answer only. */
type Attempt = { state: string; nonce: string; verifier: string; returnTo: string };

const storageKey = "pantheon.sign-in";

/** The address of the provider's page that asks the person to sign in. */
export async function startSignIn(provider: Provider): Promise<string> {
  const server = await discover(provider);
  if (server.authorization_endpoint === undefined) throw new Error("The provider has no sign-in page.");
  const attempt: Attempt = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    returnTo: location.pathname,
  };
  sessionStorage.setItem(storageKey, JSON.stringify(attempt));
  const address = new URL(server.authorization_endpoint);
  const parameters = {
    response_type: "code",
    client_id: provider.client_id,
    redirect_uri: redirectAddress(),
    scope: provider.scopes,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: "S256",
    ...(provider.audience === null ? {} : { audience: provider.audience }),
  };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  return address.href;
}

/**
 * Changes the code of the provider's answer for a token.
 * @param answer the address that the provider sent the browser to.
 * Throws an Error that says why the answer is not accepted.
 */
export async function endSignIn(
  provider: Provider,
  answer: URL,
): Promise<{ token: string; returnTo: string }> {
  const kept = sessionStorage.getItem(storageKey);
  sessionStorage.removeItem(storageKey);
  if (kept === null) throw new Error("This sign-in was not started in this tab. Start again.");
  const attempt: Attempt = JSON.parse(kept);
  const server = await discover(provider);
  const client: oauth.Client = { client_id: provider.client_id };
  const parameters = oauth.validateAuthResponse(server, client, answer, attempt.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    redirectAddress(),
    attempt.verifier,
    insecureOnLoopback(provider),
  );
  const result = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: attempt.nonce,
    requireIdToken: true,
  });
  return { token: result.access_token, returnTo: attempt.returnTo };
}

async function discover(provider: Provider): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(provider.issuer);
  const response = await oauth.discoveryRequest(issuer, {
    ...insecureOnLoopback(provider),
    algorithm: "oidc",
  });
  return oauth.processDiscoveryResponse(issuer, response);
}

function redirectAddress(): string {
  return `${location.origin}/signed-in`;
}

/** Requests without TLS are sent only to a provider on this machine: one of a test. */
function insecureOnLoopback({ issuer }: Provider) {
  const isLoopback = /^(127\.0\.0\.1|localhost|\[::1\])$/.test(new URL(issuer).hostname);
  return { [oauth.allowInsecureRequests]: isLoopback };
}
