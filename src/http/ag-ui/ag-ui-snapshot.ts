import type { Message } from "@ag-ui/core";

/** A message of the user's as a client has it: under an id of the client's own making. */
export type ClientMessage = { id: string; text: string };

/**
 * Gives the user's messages of a snapshot the ids under which the client has them, paired by their text from
 * the latest back. A stock client keeps what it knows in place and appends the rest: under our ids, which it
 * never learned, the user's messages would move behind their answers.
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
