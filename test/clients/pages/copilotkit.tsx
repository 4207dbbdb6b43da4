// CopilotKit's chat with the agent given directly: without a runtime of CopilotKit between.
import { HttpAgent } from "@ag-ui/client";
import { CopilotKit } from "@copilotkit/react-core";
import { CopilotChat } from "@copilotkit/react-ui";
import "@copilotkit/react-ui/styles.css";
import { readPlace, show } from "./page.tsx";

const { url, key, roomId } = readPlace();
const room = new HttpAgent({
  url: `${url}/api/v1/rooms/${roomId}/ag-ui`,
  headers: { Authorization: `Bearer ${key}` },
});

show(
  <CopilotKit selfManagedAgents={{ room }} agent="room">
    <CopilotChat />
  </CopilotKit>,
);
