// assistant-ui over AG-UI: the room as an agent.
import { HttpAgent } from "@ag-ui/client";
import { AssistantRuntimeProvider } from "@assistant-ui/react";
import { useAgUiRuntime } from "@assistant-ui/react-ag-ui";
import { AssistantThread } from "./assistant-thread.tsx";
import { readPlace, show } from "./page.tsx";

const { url, key, roomId } = readPlace();
// Safe: react-ag-ui has a release of its own of the client, whose class differs in private fields.
type Agent = Parameters<typeof useAgUiRuntime>[0]["agent"];
const agent: unknown = new HttpAgent({
  url: `${url}/api/v1/rooms/${roomId}/ag-ui`,
  headers: { Authorization: `Bearer ${key}` },
});

function Chat() {
  return (
    <AssistantRuntimeProvider runtime={useAgUiRuntime({ agent: agent as Agent })}>
      <AssistantThread />
    </AssistantRuntimeProvider>
  );
}

show(<Chat />);
