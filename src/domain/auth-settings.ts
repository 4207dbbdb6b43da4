/** Which tokens are accepted, and the keys that verify them. */
export type AuthSettings = {
  issuer: string;
  audience: string;
  /** The claim that names roles, and the role of an operator. */
  adminClaim: string;
  adminRole: string;
  keys: { secret: string } | { jwksUrl: string };
};
