/**
 * Why a completed answer ended: the model finished, the answer was cut at its output limit, or the provider's reason is
 * not a known one.
 */
export const finishReasons = ["stop", "length", "other"] as const;
export type FinishReason = (typeof finishReasons)[number];
