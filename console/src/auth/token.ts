import { createCell } from "../cell.ts";

const storageKey = "pantheon.token";

/** The bearer token of this tab. It ends with the tab; no cookie, and nothing that outlives it. */
export const token = createCell<string | undefined>(sessionStorage.getItem(storageKey) ?? undefined);

/** Why the person is asked to sign in; undefined: nobody was signed in. */
export const signedOutBecause = createCell<"ended" | "left" | undefined>(undefined);

export function signIn(value: string): void {
  sessionStorage.setItem(storageKey, value);
  signedOutBecause.set(undefined);
  token.set(value);
}

export function signOut(reason: "ended" | "left"): void {
  sessionStorage.removeItem(storageKey);
  signedOutBecause.set(reason);
  token.set(undefined);
}

/** Takes `#token=…` out of the address, before anything is asked of any server. */
export function takeTokenFromAddress(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  if (given !== "") signIn(given);
}
