/**
 * Why a completed answer ended: the model was done, it was cut at its output limit, or for a reason that its provider
 * does not say in known words.
 */
export const finishReasons = ["stop", "length", "other"] as const;
export type FinishReason = (typeof finishReasons)[number];
