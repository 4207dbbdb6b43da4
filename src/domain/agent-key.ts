/** What an agent is called by within its room, as in `@scout`. Keys compare without regard to case. */
export const agentKeyPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** The orchestrator's own name, which no agent may take. */
export const managerKey = "manager";

export function isReservedAgentKey(key: string): boolean {
  return key.toLowerCase() === managerKey;
}

/** Most agents a room can have. */
export const roomCapacity = 12;
