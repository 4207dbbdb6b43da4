/** Whose tokens are accepted, and what they are checked with. */
export type AuthSettings = {
  issuer: string;
  audience: string;
  keys: { secret: string } | { jwksUrl: string };
};
