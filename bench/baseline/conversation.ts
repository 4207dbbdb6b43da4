import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import OpenAI from "openai";

export type BaselineOptions = { connectionString: string; llmBaseUrl: string; roles: readonly string[] };

/** Messages of the history that the model gets: more than Pantheon's largest window. */
const shownMessages = 48;

/** Returns the answers of three agents in sequence to a message. The thread is kept in Postgres. */
export async function createConversation({ connectionString, llmBaseUrl, roles }: BaselineOptions) {
  const checkpointer = PostgresSaver.fromConnString(connectionString, { schema: "baseline" });
  await checkpointer.setup();
  const openai = new OpenAI({ baseURL: llmBaseUrl, apiKey: "local" });
  const agent = (role: string) => async (state: typeof MessagesAnnotation.State) => {
    const stream = await openai.chat.completions.create({
      model: "deepseek",
      messages: [
        { role: "system", content: role },
        ...state.messages.slice(-shownMessages).map(toWireMessage),
      ],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    return { messages: [new AIMessage(text)] };
  };
  const [first = "", second = "", third = ""] = roles;
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("first", agent(first))
    .addNode("second", agent(second))
    .addNode("third", agent(third))
    .addEdge(START, "first")
    .addEdge("first", "second")
    .addEdge("second", "third")
    .addEdge("third", END)
    .compile({ checkpointer });

  return async (threadId: string, message: string): Promise<string[]> => {
    const input = { messages: [new HumanMessage(message)] };
    const { messages } = await graph.invoke(input, { configurable: { thread_id: threadId } });
    return messages.slice(-3).map(({ content }) => String(content));
  };
}

function toWireMessage(message: BaseMessage) {
  const role = message.getType() === "ai" ? ("assistant" as const) : ("user" as const);
  return { role, content: String(message.content) };
}
