import { useEffect, useState } from "preact/hooks";
import { ApiError, toApiError } from "../api/problem.ts";
import { Loading } from "../parts/states.tsx";
import { navigate } from "../router.tsx";
import { readConsoleConfig } from "./console-config.ts";
import { SignIn } from "./sign-in.tsx";
import { signIn } from "./token.ts";

/** Where the provider sends the browser back to. The code leaves the address before anything is asked. */
const answer = new URL(location.href);
if (location.pathname === "/signed-in") history.replaceState(null, "", "/signed-in");

export function SignedIn() {
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    finish().catch((failure: unknown) => setError(toSignInError(failure)));
  }, []);
  if (error !== undefined) return <SignIn error={error} />;
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <Loading what="your sign-in" rows={2} />
      </div>
    </main>
  );
}

async function finish(): Promise<void> {
  const { oidc } = await readConsoleConfig();
  if (oidc === null) throw new Error("This server has no sign-in provider.");
  const { endSignIn } = await import("./oidc.ts");
  const { token, returnTo } = await endSignIn(oidc, answer);
  navigate(returnTo === "/signed-in" ? "/" : returnTo, { replace: true });
  signIn(token);
}

function toSignInError(failure: unknown): ApiError {
  if (failure instanceof ApiError || failure instanceof TypeError) return toApiError(failure);
  const detail = failure instanceof Error ? failure.message : String(failure);
  return new ApiError({ status: 0, code: "sign_in_failed", title: "The sign-in did not succeed", detail });
}
