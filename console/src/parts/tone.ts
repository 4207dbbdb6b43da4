/** Agents of a room have colours of their own, by their place in the roster; the manager has none. */
const tones = 8;

export function toneOf(agentKey: string, roster: readonly string[]): number | undefined {
  const index = roster.indexOf(agentKey);
  if (index >= 0) return index % tones;
  if (agentKey === "manager") return undefined;
  // An agent that left the room keeps a colour that does not depend on the others.
  return [...agentKey].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % tones;
}
