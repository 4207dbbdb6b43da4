import { createMiddleware } from "hono/factory";
import { createRemoteJWKSet, errors, type JWTVerifyOptions, jwtVerify } from "jose";
import { PantheonError } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";
import type { AppEnv } from "./app-env.ts";

export type AuthOptions = {
  issuer: string;
  audience: string;
  keys: { secret: string } | { jwksUrl: string };
};

export type VerifyToken = (token: string) => Promise<User>;

const longestTokenCharacters = 8_192;
const asymmetricAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
];

/** Verifies a bearer token and reads who it names. The algorithms are ours to choose, never the token's. */
export function createTokenVerifier({ issuer, audience, keys }: AuthOptions): VerifyToken {
  const options: JWTVerifyOptions = { issuer, audience, requiredClaims: ["sub", "exp"] };
  const verify =
    "secret" in keys
      ? verifyWithSecret(keys.secret, { ...options, algorithms: ["HS256"] })
      : verifyWithKeySet(keys.jwksUrl, { ...options, algorithms: asymmetricAlgorithms });
  return async (token) => {
    const { payload } = await verify(token);
    if (typeof payload.sub !== "string" || !isUserId(payload.sub))
      throw new errors.JWTInvalid("unusable sub");
    return { userId: payload.sub, email: typeof payload.email === "string" ? payload.email : null };
  };
}

function verifyWithSecret(secret: string, options: JWTVerifyOptions) {
  const key = new TextEncoder().encode(secret);
  return (token: string) => jwtVerify(token, key, options);
}

function verifyWithKeySet(jwksUrl: string, options: JWTVerifyOptions) {
  const keySet = createRemoteJWKSet(new URL(jwksUrl));
  return (token: string) => jwtVerify(token, keySet, options);
}

function isUserId(sub: string): boolean {
  return sub.trim() !== "" && sub.length <= 255 && !sub.includes("\u0000") && sub.isWellFormed();
}

/** Lets a request pass whose bearer token verifies, and leaves its user in the context. */
export function requireUser(verifyToken: VerifyToken) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = /^Bearer +(\S+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
    if (token === undefined) throw unauthorized("Send 'Authorization: Bearer <JWT>'.");
    if (token.length > longestTokenCharacters) throw unauthorized("The token is too long.");
    c.set("user", await verifyToken(token).catch(rejectToken));
    await next();
  });
}

function rejectToken(error: unknown): never {
  // A key set that cannot be fetched is our trouble, not the caller's.
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw error;
  if (error instanceof errors.JWTExpired) throw unauthorized("The token has expired.");
  throw unauthorized("The token is not valid here.");
}

function unauthorized(detail: string): PantheonError {
  return new PantheonError("unauthorized", detail, { headers: { "WWW-Authenticate": "Bearer" } });
}
