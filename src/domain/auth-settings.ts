/** Which tokens are accepted, and the keys that verify them. */
export type AuthSettings = {
  issuer: string;
  audience: string;
  keys: { secret: string } | { jwksUrl: string };
};
