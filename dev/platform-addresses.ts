import { type Environment, localAuth } from "./local-settings.ts";
import { mintToken } from "./mint-token.ts";
import { demoUser } from "./seed.ts";

/** The addresses to open: the console signed in as the demo user for 12 hours, and the reference. */
export async function addressLines(env: Environment, url: string): Promise<string[]> {
  const auth = localAuth(env);
  // Tokens of a provider's key set are not made here: the console asks for one.
  const fragment =
    auth.secret === undefined
      ? ""
      : `#token=${await mintToken(auth, { sub: demoUser.id, email: demoUser.email, expiresIn: "12h" })}`;
  return [`Console:   ${url}/${fragment}`, `Reference: ${url}/reference/`];
}
