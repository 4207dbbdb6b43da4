import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export type OpenIdProvider = {
  issuer: string;
  jwksUrl: string;
  clientId: string;
  /** What the next answers of its sign-in page do instead of what they should. */
  misbehave(fault: "wrong_state" | "wrong_nonce" | "denied" | undefined): void;
  stop(): Promise<void>;
};

type Grant = { challenge: string; nonce: string; redirect: string; audience: string };

/** An OpenID provider on loopback: whoever comes is signed in. It checks PKCE, the redirect address and the client. */
export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  const clientId = "pantheon-console";
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256", use: "sig" };
  const grants = new Map<string, Grant>();
  let fault: Parameters<OpenIdProvider["misbehave"]>[0];
  let issuer = "";

  const sign = (claims: Record<string, unknown>, audience: string) =>
    new SignJWT({ sub: "oidc-user", email: "oidc@example.com", ...claims })
      .setProtectedHeader({ alg: "RS256", kid: "k1" })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(privateKey);

  const authorize = (query: URLSearchParams, response: ServerResponse) => {
    const get = (name: string) => query.get(name) ?? "";
    const code = randomUUID();
    const redirect = get("redirect_uri");
    grants.set(code, {
      challenge: get("code_challenge"),
      nonce: get("nonce"),
      redirect,
      audience: get("audience"),
    });
    const answer = new URL(redirect);
    const state = fault === "wrong_state" ? "forged" : get("state");
    const isWhole = get("client_id") === clientId && get("code_challenge_method") === "S256";
    const parameters = fault === "denied" || !isWhole ? { error: "access_denied", state } : { code, state };
    for (const [name, value] of Object.entries(parameters)) answer.searchParams.set(name, value);
    response.writeHead(302, { Location: answer.href }).end();
  };

  const exchange = async (body: URLSearchParams, response: ServerResponse) => {
    const grant = grants.get(body.get("code") ?? "");
    grants.delete(body.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(body.get("code_verifier") ?? "")
      .digest("base64url");
    const isRight = grant?.challenge === challenge && grant.redirect === body.get("redirect_uri");
    if (grant === undefined || !isRight) return json(response, 400, { error: "invalid_grant" });
    const nonce = fault === "wrong_nonce" ? "forged" : grant.nonce;
    return json(response, 200, {
      access_token: await sign({}, grant.audience),
      token_type: "Bearer",
      id_token: await sign({ nonce }, clientId),
    });
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", issuer);
    response.setHeader("Access-Control-Allow-Origin", "*");
    if (url.pathname === "/.well-known/openid-configuration") {
      return json(response, 200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
      });
    }
    if (url.pathname === "/jwks") return json(response, 200, { keys: [jwk] });
    if (url.pathname === "/authorize") return authorize(url.searchParams, response);
    if (url.pathname === "/token") return exchange(await readForm(request), response);
    return json(response, 404, {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The provider has no port.");
  issuer = `http://127.0.0.1:${address.port}`;
  return {
    issuer,
    clientId,
    jwksUrl: `${issuer}/jwks`,
    misbehave(next) {
      fault = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}
