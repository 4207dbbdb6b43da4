import { mintToken } from "../../../dev/mint-token.ts";

const secret = "only-for-tests-of-the-console-0123456789abcdef";

/** What the Worker checks the tests' tokens with. */
export const tokenSettings = {
  AUTH_JWT_SECRET: secret,
  AUTH_ISSUER: "pantheon-console-test",
  AUTH_AUDIENCE: "pantheon",
};

export function tokenOf(user: string, expiresIn = "1h"): Promise<string> {
  const auth = { secret, issuer: tokenSettings.AUTH_ISSUER, audience: tokenSettings.AUTH_AUDIENCE };
  return mintToken(auth, { sub: user, email: `${user}@example.com`, expiresIn });
}
