import { cutCharacters } from "../text/cut-text.ts";

/**
 * Cuts the longest texts of a transcript until all fit into the budget. Short texts stay complete; the others share the
 * rest evenly. A cut text keeps its beginning, in proportion of characters to tokens.
 */
export function cutTranscript<Message extends { content: string; tokens: number }>(
  messages: readonly Message[],
  budgetTokens: number,
): Message[] {
  const maxTokens = maxShare(
    messages.map(({ tokens }) => tokens),
    budgetTokens,
  );
  return messages.map((message) => {
    if (message.tokens <= maxTokens) return message;
    const characters = Math.floor((message.content.length * maxTokens) / message.tokens);
    return { ...message, content: cutCharacters(message.content, characters), tokens: maxTokens };
  });
}

/** The largest integer `share` with Σ min(size, share) ≤ budget. Infinite where all sizes fit. */
function maxShare(sizes: readonly number[], budget: number): number {
  let rest = Math.max(0, budget);
  const ascending = sizes.toSorted((a, b) => a - b);
  for (const [index, size] of ascending.entries()) {
    const share = Math.floor(rest / (ascending.length - index));
    if (size > share) return share;
    rest -= size;
  }
  return Number.POSITIVE_INFINITY;
}
