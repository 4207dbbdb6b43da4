/** The console as a client of an OpenID provider. It is public: it has no secret. */
export type OidcClient = {
  issuer: string;
  clientId: string;
  /** Asked for with the token, where the provider needs it. */
  audience: string | undefined;
  /** Separated by blanks. */
  scopes: string;
};
