export type TagReading = {
  /** Keys of the room's agents, as the room spells them, in order of first mention. */
  agentKeys: string[];
  /** Tags that name no agent of the room, as they were written, each once. */
  unknownTags: string[];
};

// An `@` after one of these belongs to a word, most often an e-mail address.
const tagPattern = /(?<![\p{L}\p{N}_.\-@])@([A-Za-z0-9_-]+)/gu;

/**
 * Reads the `@key` tags of a message. Keys compare without regard to case; a trailing `-` belongs to a key
 * only where that makes a known key (`.` and `,` never are key characters).
 */
export function readTags(message: string, roomAgentKeys: readonly string[]): TagReading {
  const known = new Map(roomAgentKeys.map((key) => [key.toLowerCase(), key]));
  const agentKeys = new Set<string>();
  const unknownTags = new Map<string, string>();
  for (const [, written = ""] of message.matchAll(tagPattern)) {
    const key = matchKnownKey(written, known);
    if (key !== undefined) agentKeys.add(key);
    else {
      const tag = written.replace(/-+$/, "") || written;
      if (!unknownTags.has(tag.toLowerCase())) unknownTags.set(tag.toLowerCase(), tag);
    }
  }
  return { agentKeys: [...agentKeys], unknownTags: [...unknownTags.values()] };
}

function matchKnownKey(written: string, known: ReadonlyMap<string, string>): string | undefined {
  for (let candidate = written; candidate !== ""; candidate = candidate.slice(0, -1)) {
    const key = known.get(candidate.toLowerCase());
    if (key !== undefined) return key;
    if (!candidate.endsWith("-")) return undefined;
  }
  return undefined;
}
