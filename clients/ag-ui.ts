// A conversation with the stock AG-UI client. Each thread of a room is a session of its own.
import { HttpAgent } from "@ag-ui/client";

const { PANTHEON_URL, PANTHEON_KEY, PANTHEON_ROOM } = process.env;

const room = new HttpAgent({
  url: `${PANTHEON_URL}/api/v1/rooms/${PANTHEON_ROOM}/ag-ui`,
  headers: { Authorization: `Bearer ${PANTHEON_KEY}` },
  threadId: crypto.randomUUID(),
});

for (const content of ["@ada @bob What comes first?", "@ada And then?"]) {
  room.addMessage({ id: crypto.randomUUID(), role: "user", content });
  const { newMessages } = await room.runAgent(
    {},
    {
      onSubagentErrorEvent: ({ event }) => console.log(`failed: ${event.message}`),
      onRunErrorEvent: ({ event }) => console.log(`not stored: ${event.message}`),
    },
  );
  for (const message of newMessages) {
    if (message.role === "assistant") console.log(`${message.name}: ${message.content}`);
  }
}
