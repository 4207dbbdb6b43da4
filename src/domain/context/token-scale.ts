/** What estimates are multiplied with before a provider has counted a prompt of the session: a margin. */
export const defaultTokenScale = 1.25;

const minScale = 0.7;
const maxScale = 3;

/** The provider's count for a prompt, the estimate for it, and the scale of that estimate. */
export type TokenCount = { tokenScale: number; estimatedTokens: number; countedTokens: number };

/** The median of the scales that would have made the last estimates right. One wrong report changes little. */
export function learnTokenScale(counts: readonly TokenCount[]): number {
  const scales = counts
    .filter(({ estimatedTokens, countedTokens }) => estimatedTokens > 0 && countedTokens > 0)
    .map(({ tokenScale, estimatedTokens, countedTokens }) => (countedTokens * tokenScale) / estimatedTokens)
    .toSorted((one, other) => one - other);
  const middle = scales.length / 2;
  const [low, high] = [scales[Math.ceil(middle) - 1], scales[Math.floor(middle)]];
  return low === undefined || high === undefined ? defaultTokenScale : boundScale((low + high) / 2);
}

/**
 * The scale after a provider refused a prompt as too long: by the count that it named, or a third more. A refusal never
 * lowers the scale. A count below the estimate means that the model's window is smaller than in the catalog.
 */
export function scaleAfterTooLong(
  { tokenScale, estimatedTokens }: Omit<TokenCount, "countedTokens">,
  countedTokens: number | null,
): number {
  const countedScale = estimatedTokens > 0 ? ((countedTokens ?? 0) * tokenScale) / estimatedTokens : 0;
  return boundScale(countedScale > tokenScale ? countedScale : tokenScale * 1.3);
}

/** The scale after Pantheon refused a turn: half as far from 1, so that a wrong scale cannot block a session forever. */
export function scaleAfterRefusal(tokenScale: number): number {
  return boundScale(1 + (tokenScale - 1) / 2);
}

function boundScale(scale: number): number {
  return Math.min(maxScale, Math.max(minScale, scale));
}
