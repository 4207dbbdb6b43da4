/** The caller. `userId` is the token's `sub`. */
export type User = {
  userId: string;
  email: string | null;
  /** The token names the operator's role. */
  isOperator?: true;
};
