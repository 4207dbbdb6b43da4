import { cutCharacters } from "../text/cut-text.ts";

/**
 * Cuts the longest texts of a transcript until their estimates fit together: short ones stay whole, the others
 * share what is left evenly. A cut text keeps its beginning, in proportion of characters to tokens.
 */
export function cutTranscript<Message extends { content: string; tokens: number }>(
  messages: readonly Message[],
  budgetTokens: number,
): Message[] {
  const most = maxShare(
    messages.map(({ tokens }) => tokens),
    budgetTokens,
  );
  return messages.map((message) => {
    if (message.tokens <= most) return message;
    const characters = Math.floor((message.content.length * most) / message.tokens);
    return { ...message, content: cutCharacters(message.content, characters), tokens: most };
  });
}

/** The largest whole `most` for which Σ min(size, most) ≤ budget; no limit where all fit as they are. */
function maxShare(sizes: readonly number[], budget: number): number {
  let left = Math.max(0, budget);
  const ascending = sizes.toSorted((a, b) => a - b);
  for (const [index, size] of ascending.entries()) {
    const share = Math.floor(left / (ascending.length - index));
    if (size > share) return share;
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
}
