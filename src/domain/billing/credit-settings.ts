/** What runs may spend, by the settings of a deployment. Amounts are 10⁻⁸ credits. */
export type CreditSettings = {
  /** The most that one run may spend. */
  turnMaxE8: bigint;
  /** With less no run is opened. */
  turnMinE8: bigint;
  /** Whether a user without a wallet has nothing to spend. */
  required: boolean;
};
