import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";

/**
 * Serializes a run's values as plain JSON. LangGraph's own serializer turns objects of certain forms into instances and
 * loses a key `__proto__`. Texts of models, tools and providers may hold both.
 */
export const plainJson: SerializerProtocol = {
  // JSON has no `undefined`; the state has null.
  dumpsTyped: async (value) => ["json", new TextEncoder().encode(JSON.stringify(value ?? null))],
  loadsTyped: async (_type, data) =>
    JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data)) as unknown,
};
