import OpenAI from "openai";
import { servePeer } from "./serve-peer.ts";

export type SdkReaderOptions = { llmBaseUrl: string };

export type SdkReaderQuestions = {
  /** Reads one streamed answer; the number of its deltas. */
  read: { input: undefined; output: number };
};

/** Reads answers with the provider's own SDK, and sends them to nobody. */
servePeer<SdkReaderOptions, SdkReaderQuestions>(async ({ llmBaseUrl }) => {
  const openai = new OpenAI({ baseURL: llmBaseUrl, apiKey: "local" });
  return {
    url: llmBaseUrl,
    answers: {
      async read() {
        const stream = await openai.chat.completions.create({
          model: "deepseek",
          messages: [{ role: "user", content: "Say much." }],
          stream: true,
        });
        let deltas = 0;
        for await (const chunk of stream) if (chunk.choices[0]?.delta.content) deltas += 1;
        return deltas;
      },
    },
  };
});
