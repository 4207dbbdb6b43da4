// A chat with React and the AI SDK's useChat, in a session of the room.
import { useChat } from "@ai-sdk/react";
import { DefaultChatTransport } from "ai";

type Props = { url: string; apiKey: string; sessionId: string };

export function Chat({ url, apiKey, sessionId }: Props) {
  const { messages, sendMessage, status, stop, error } = useChat({
    id: sessionId,
    resume: true,
    transport: new DefaultChatTransport({
      api: `${url}/api/v1/sessions/${sessionId}/ui-messages`,
      headers: { Authorization: `Bearer ${apiKey}` },
    }),
  });
  const parts = messages.flatMap(({ id, parts }) =>
    parts.map((part, index) => ({ part, key: `${id}/${index}` })),
  );
  return (
    <form action={(form) => sendMessage({ text: String(form.get("text")) })}>
      {parts.map(({ part, key }) => {
        if (part.type === "data-agent") return <h3 key={key}>{(part.data as { name: string }).name}</h3>;
        return part.type === "text" ? <p key={key}>{part.text}</p> : null;
      })}
      {error !== undefined && <p role="alert">{error.message}</p>}
      <input name="text" aria-label="Message" />
      <button type="submit" disabled={status !== "ready"}>
        Send
      </button>
      <button type="button" disabled={status === "ready"} onClick={stop}>
        Stop
      </button>
    </form>
  );
}
