import type { Message } from "@ag-ui/core";
import type { ClientMessage } from "../../domain/turn/stream-client.ts";

/**
 * Gives the user's messages of a snapshot the ids that the client gave them, paired by their text, from the latest back. A
 * stock client keeps messages whose ids it knows where they are, and appends the others: with the server's ids the user's
 * messages would move behind their answers.
 */
export function nameAsClient(messages: readonly Message[], known: readonly ClientMessage[]): Message[] {
  const taken = new Set(messages.map(({ id }) => id));
  let unpaired = known.length;
  const named = messages.toReversed().map((message) => {
    if (message.role !== "user") return message;
    const index = known.slice(0, unpaired).findLastIndex(({ text }) => text === message.content);
    const id = known[index]?.id;
    if (id === undefined || taken.has(id)) return message;
    taken.add(id);
    unpaired = index;
    return { ...message, id };
  });
  return named.reverse();
}
