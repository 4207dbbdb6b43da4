/** The tag that is being written at the caret: where it begins, and the part of the key behind the `@`. */
export type Mention = { start: number; typed: string };

export function mentionAt(text: string, caret: number): Mention | undefined {
  const found = /(?:^|[\s([{<*_])@([A-Za-z0-9_-]*)$/.exec(text.slice(0, caret));
  if (found === null) return undefined;
  const typed = found[1] ?? "";
  return { start: caret - typed.length - 1, typed };
}

export type Tagged = { agent_key: string; name: string };

/** The agents that a tag may become: those whose key or name begins with what is typed. */
export function completionsOf<Agent extends Tagged>({ typed }: Mention, agents: readonly Agent[]): Agent[] {
  const begin = typed.toLowerCase();
  return agents.filter(
    ({ agent_key: key, name }) => key.toLowerCase().startsWith(begin) || name.toLowerCase().startsWith(begin),
  );
}

/** The text with the tag written out, and the place of the caret after it. */
export function complete(text: string, caret: number, mention: Mention, key: string) {
  const before = `${text.slice(0, mention.start)}@${key} `;
  return { text: before + text.slice(caret).replace(/^ /, ""), caret: before.length };
}
