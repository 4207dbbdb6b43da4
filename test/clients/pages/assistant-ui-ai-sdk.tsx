// assistant-ui over the AI SDK's protocol, in a session of the room.
import { AssistantRuntimeProvider } from "@assistant-ui/react";
import { useChatRuntime } from "@assistant-ui/react-ai-sdk";
import { DefaultChatTransport } from "ai";
import { AssistantThread } from "./assistant-thread.tsx";
import { readPlace, show } from "./page.tsx";

const { url, key, sessionId, query } = readPlace();
const transport = new DefaultChatTransport({
  api: `${url}/api/v1/sessions/${sessionId}/ui-messages${query}`,
  headers: { Authorization: `Bearer ${key}` },
});

function Chat() {
  return (
    <AssistantRuntimeProvider runtime={useChatRuntime({ transport })}>
      <AssistantThread />
    </AssistantRuntimeProvider>
  );
}

show(<Chat />);
