/** Bearer tokens that begin with this are API keys. A JWT never does: it begins with `ey`. */
export const apiKeyPrefix = "pan_";

/** Random bytes of a key. They need no slow hash: 256 bits cannot be guessed. */
export const apiKeyBytes = 32;

/** Keys that a user may have at once. */
export const maxApiKeys = 50;

/** How much of a key's end is shown, so that its user recognises it. */
const shownCharacters = 4;

export function toApiKey(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return apiKeyPrefix + text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function isApiKey(token: string): boolean {
  return /^pan_[A-Za-z0-9_-]{43}$/.test(token);
}

export function endingOf(key: string): string {
  return key.slice(-shownCharacters);
}
