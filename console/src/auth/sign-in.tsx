import { useEffect, useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { ConsoleConfig } from "../api/types.ts";
import { useCell } from "../cell.ts";
import { Loading, ProblemNote } from "../parts/states.tsx";
import { readConsoleConfig } from "./console-config.ts";
import { signedOutBecause, signIn } from "./token.ts";

/** The first screen for a user without a token. */
export function SignIn({ error: given }: { error?: ApiError }) {
  const [config, setConfig] = useState<ConsoleConfig>();
  const [error, setError] = useState(given);
  const reason = useCell(signedOutBecause);
  const load = () => {
    setError(given);
    readConsoleConfig().then(setConfig, (failure: unknown) => setError(toApiError(failure)));
  };
  useEffect(load, []);
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <img src="/icon.svg" alt="" width="40" height="40" />
        <h1>Sign in to Pantheon</h1>
        {reason === "ended" && (
          <p class="note" role="status">
            Your sign-in has ended or was not accepted. Sign in again; what you wrote is kept in this tab.
          </p>
        )}
        {error && <ProblemNote error={error} onRetry={load} />}
        {config === undefined && error === undefined && <Loading what="how to sign in" rows={2} />}
        {config?.oidc && <ProviderButton oidc={config.oidc} onError={setError} />}
        {(config !== undefined || error !== undefined) && <PastedToken isFolded={config?.oidc !== null} />}
      </div>
    </main>
  );
}

type Provider = NonNullable<ConsoleConfig["oidc"]>;

function ProviderButton({ oidc, onError }: { oidc: Provider; onError: (error: ApiError) => void }) {
  const [isLeaving, setLeaving] = useState(false);
  const start = async () => {
    setLeaving(true);
    try {
      const { startSignIn } = await import("./oidc.ts");
      location.assign(await startSignIn(oidc));
    } catch (error) {
      setLeaving(false);
      onError(toApiError(error));
    }
  };
  return (
    <button type="button" class="button button-main button-wide" disabled={isLeaving} onClick={start}>
      {isLeaving ? "One moment…" : `Continue with ${new URL(oidc.issuer).hostname}`}
    </button>
  );
}

function PastedToken({ isFolded }: { isFolded: boolean }) {
  const [text, setText] = useState("");
  const [isOdd, setOdd] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    // A header has no line breaks; a token that was copied from a terminal often has.
    const value = text.replace(/\s+/g, "").replace(/^Bearer/i, "");
    if (/^[\w-]+(\.[\w-]+)*$/.test(value)) signIn(value);
    else setOdd(true);
  };
  const form = (
    <form onSubmit={submit} class="form">
      <label class="field">
        <span>Token</span>
        <textarea
          rows={4}
          class="mono"
          spellcheck={false}
          autocomplete="off"
          value={text}
          aria-invalid={isOdd}
          aria-describedby="token-help"
          onInput={(event) => {
            setText(event.currentTarget.value);
            setOdd(false);
          }}
        />
      </label>
      <p id="token-help" class={isOdd ? "help help-bad" : "help"}>
        {isOdd
          ? "This is no token: it has letters, digits, dots, - and _ only."
          : "Locally, npm run dev prints an address that signs you in. It is kept in this tab only."}
      </p>
      <button type="submit" class="button button-main button-wide" disabled={text.trim() === ""}>
        Sign in
      </button>
    </form>
  );
  if (!isFolded) return form;
  return (
    <details class="fold">
      <summary>Use a token</summary>
      {form}
    </details>
  );
}
