import { expect, test } from "vitest";
import { createClientIds } from "../../src/live/client-ids.ts";
import { toFrame } from "../../src/live/event-log.ts";

test.each(["\u2028", "\u2029", '\u2028data: {"type":"RUN_STARTED"}'])(
  "events with %j in a text have the client's ids, and the text as it was",
  (text) => {
    const rename = createClientIds({ ids: { threadId: "thread", runId: "run" }, userMessages: [] });
    const other = { type: "TEXT_MESSAGE_CONTENT", delta: text };
    const frames = [
      toFrame("e.1", { type: "RUN_STARTED", threadId: "s", runId: "r" }),
      toFrame("e.2", other),
      toFrame("e.3", { type: "RUN_FINISHED", threadId: "s", runId: "r", result: text }),
    ];

    const renamed = rename(frames.join("")).split("\n\n").slice(0, -1);

    expect(renamed.map((frame) => JSON.parse(frame.split("\ndata: ")[1] ?? ""))).toEqual([
      { type: "RUN_STARTED", threadId: "thread", runId: "run" },
      other,
      { type: "RUN_FINISHED", threadId: "thread", runId: "run", result: text },
    ]);
  },
);
