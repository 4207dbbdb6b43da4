import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";

/**
 * A run's values as JSON and nothing else. LangGraph's own serializer revives objects of certain forms and loses a
 * key `__proto__`; what models, tools and providers say may have either.
 */
export const plainJson: SerializerProtocol = {
  // JSON has no word for nothing; the state has null.
  dumpsTyped: async (value) => ["json", new TextEncoder().encode(JSON.stringify(value ?? null))],
  loadsTyped: async (_type, data) =>
    JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data)) as unknown,
};
