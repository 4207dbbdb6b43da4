import { findTags } from "../text/tag-grammar.ts";

export type TagReading = {
  /** Keys of the room's agents, as the room spells them, in order of first mention. */
  agentKeys: string[];
  /** Tags that name no agent of the room, as they were written, each once. Their number and length are limited. */
  unknownTags: string[];
};

/** The audit of each agent that is asked holds the unknown tags. */
const maxUnknownTags = 20;
const maxTagCharacters = 100;

/**
 * Reads the `@key` tags of a message. Keys compare without regard to case; a trailing `-` belongs to a key
 * only where that makes a known key (`.` and `,` never are key characters).
 */
export function readTags(message: string, roomAgentKeys: readonly string[]): TagReading {
  const known = new Map(roomAgentKeys.map((key) => [key.toLowerCase(), key]));
  const agentKeys = new Set<string>();
  const unknownTags = new Map<string, string>();
  for (const { written, stemLength } of findTags(message)) {
    const key = matchKnownKey(written, stemLength, known);
    if (key !== undefined) agentKeys.add(key);
    else if (unknownTags.size < maxUnknownTags) {
      const tag = (written.slice(0, stemLength) || written).slice(0, maxTagCharacters);
      if (!unknownTags.has(tag.toLowerCase())) unknownTags.set(tag.toLowerCase(), tag);
    }
  }
  return { agentKeys: [...agentKeys], unknownTags: [...unknownTags.values()] };
}

/** The longest known key that is the stem and some of what follows it. Nothing longer than a key is looked up. */
function matchKnownKey(written: string, stemLength: number, known: ReadonlyMap<string, string>) {
  const maxKey = Math.max(0, ...[...known.keys()].map((key) => key.length));
  for (let length = Math.min(written.length, maxKey); length >= Math.max(1, stemLength); length -= 1) {
    const key = known.get(written.slice(0, length).toLowerCase());
    if (key !== undefined) return key;
  }
  return undefined;
}
