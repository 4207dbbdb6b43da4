// Replaces `@langchain/core/load`, which revives LangChain's own objects from text, and imports all of LangChain for it:
// 70 KiB gzipped. LangGraph's default serializer imports it. Checkpoints here are plain JSON (plain-json.ts).

/** Never called: the default serializer is not used. */
export async function load(): Promise<never> {
  throw new Error("A checkpoint has an object of LangChain, which the Worker cannot read.");
}
