import { SignJWT } from "jose";

const secret = "only-for-tests-of-the-console-0123456789abcdef";

/** What the Worker checks the tests' tokens with. */
export const tokenSettings = {
  AUTH_JWT_SECRET: secret,
  AUTH_ISSUER: "pantheon-console-test",
  AUTH_AUDIENCE: "pantheon",
};

/** An operator's name begins so. */
export const operatorPrefix = "operator-";

export function tokenOf(user: string): Promise<string> {
  const roles = user.startsWith(operatorPrefix) ? { roles: ["pantheon-admin"] } : {};
  return new SignJWT({ email: `${user}@example.com`, ...roles })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(user)
    .setIssuer(tokenSettings.AUTH_ISSUER)
    .setAudience(tokenSettings.AUTH_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));
}
