import { SignJWT } from "jose";
import type { LocalAuth } from "./local-settings.ts";

type TokenRequest = {
  sub: string;
  email?: string | undefined;
  expiresIn?: string;
  /** Further claims, as those that `operatorClaims` gives. */
  claims?: Readonly<Record<string, unknown>>;
};

/** A JWT (HS256) for the local Worker. Throws an Error with one line where the Worker would refuse it. */
export async function mintToken(
  { secret, issuer, audience }: LocalAuth,
  { sub, email, expiresIn = "12h", claims = {} }: TokenRequest,
): Promise<string> {
  if (secret === undefined)
    throw new Error("AUTH_JWKS_URL is set: tokens come from its issuer, not from here.");
  return await new SignJWT({ ...claims, ...(email === undefined ? {} : { email }) })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(sub)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(expiresIn)
    .sign(new TextEncoder().encode(secret));
}
