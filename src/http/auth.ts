import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import type { AuthSettings } from "../domain/auth-settings.ts";
import { PantheonError } from "../domain/errors.ts";
import { isBlank } from "../domain/text/is-blank.ts";
import { isStorableText } from "../domain/text/storable-text.ts";
import type { User } from "../domain/user.ts";

/** Rejects with PantheonError `unauthorized`, or `auth_unavailable` where the keys cannot be fetched. */
export type VerifyToken = (token: string) => Promise<User>;

const maxTokenCharacters = 8_192;
const maxUserIdCharacters = 255;
const maxEmailCharacters = 320;
const asymmetricAlgorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/**
 * Verifies a bearer token and reads its user. The server chooses the algorithms, never the token. `exp` and `nbf` are checked
 * to the second, without tolerance.
 * @param fetchKeySet fetches the key set; tests pass their own.
 */
export function createTokenVerifier(
  { issuer, audience, keys, adminClaim, adminRole }: AuthSettings,
  fetchKeySet?: FetchImplementation,
): VerifyToken {
  const options: JWTVerifyOptions = { issuer, audience, requiredClaims: ["sub", "exp"], clockTolerance: 0 };
  const verify =
    "secret" in keys
      ? verifyWithSecret(keys.secret, { ...options, algorithms: ["HS256"] })
      : verifyWithKeySet(keys.jwksUrl, { ...options, algorithms: asymmetricAlgorithms }, fetchKeySet);
  return async (token) => {
    if (token.length > maxTokenCharacters) throw unauthorized("The token is too long.");
    const { payload } = await verify(token).catch(refuseToken);
    const { sub, email } = payload;
    if (!isStorable(sub, maxUserIdCharacters)) throw unauthorized("The token names no usable user.");
    const isOperator = readRoles(payload[adminClaim]).includes(adminRole);
    return {
      userId: sub,
      email: isStorable(email, maxEmailCharacters) ? email : null,
      ...(isOperator ? { isOperator } : {}),
    };
  };
}

/** A list of roles, or one text with spaces between them, as `scope` has it. */
function readRoles(claim: unknown): unknown[] {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim : [];
}

const hs256 = { name: "HMAC", hash: "SHA-256" };

function verifyWithSecret(secret: string, options: JWTVerifyOptions) {
  const bytes = new TextEncoder().encode(secret);
  // The key is imported once. Given bytes, jose would import them for every token.
  let key: CryptoKey | undefined;
  return async (token: string) => {
    key ??= await crypto.subtle.importKey("raw", bytes, hs256, false, ["verify"]);
    return jwtVerify(token, key, options);
  };
}

function verifyWithKeySet(jwksUrl: string, options: JWTVerifyOptions, fetchKeySet?: FetchImplementation) {
  const keySet = createRemoteJWKSet(
    new URL(jwksUrl),
    fetchKeySet === undefined ? {} : { [customFetch]: fetchKeySet },
  );
  const findKey: JWTVerifyGetKey = (header, token) => keySet(header, token).catch(classifyMissingKey);
  return (token: string) => jwtVerify(token, findKey, options);
}

/** A token that matches no key is refused. A key set that cannot be fetched is `auth_unavailable`. */
function classifyMissingKey(error: unknown): never {
  const isAboutToken =
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported;
  if (isAboutToken) throw error;
  const detail = "The keys of the identity provider cannot be fetched. Please retry.";
  throw new PantheonError("auth_unavailable", detail, {}, { cause: error });
}

/** Any other error refuses the token as well: jose has no error class for a key that is too weak. */
function refuseToken(error: unknown): never {
  if (error instanceof PantheonError) throw error;
  if (error instanceof errors.JWTExpired) throw unauthorized("The token has expired.");
  throw unauthorized("The token is not valid here.");
}

/** A text that is not blank, has at most `maximum` UTF-16 units, and can be stored. */
function isStorable(claim: unknown, maximum: number): claim is string {
  return typeof claim === "string" && !isBlank(claim) && claim.length <= maximum && isStorableText(claim);
}

export function unauthorized(detail: string): PantheonError {
  return new PantheonError("unauthorized", detail, { headers: { "WWW-Authenticate": "Bearer" } });
}
