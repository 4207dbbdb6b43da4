import type { AGUIEvent } from "@ag-ui/core";
import { createParser } from "eventsource-parser";
import type { Connection } from "./connection.ts";

/** Reads the events of one turn over many connections, as a client does that comes back after each break. */
export type TurnReader = {
  /** Id of the last event; undefined: there was none. */
  lastId(): string | undefined;
  /** The turn's id, from the run's first event. */
  turnId(): string | undefined;
  /** The event that ended the run; undefined: it has not ended. */
  end(): AGUIEvent | undefined;
  /** The texts as the reader sees them now: a snapshot replaces all of them. */
  texts(): string[];
  /** Reads until so many events have come, the stream ends, or the connection breaks. Gives the HTTP status; 0: none came. */
  read(connection: Connection, maxEvents: number): Promise<number>;
};

export function createTurnReader(): TurnReader {
  const texts = new Map<string, string>();
  let lastId: string | undefined;
  let turnId: string | undefined;
  let end: AGUIEvent | undefined;
  const take = (event: AGUIEvent) => {
    switch (event.type) {
      case "RUN_STARTED":
        turnId ??= event.runId;
        return;
      case "MESSAGES_SNAPSHOT":
        texts.clear();
        for (const { id, role, content } of event.messages) {
          if (role === "assistant") texts.set(id, String(content ?? ""));
        }
        return;
      case "TEXT_MESSAGE_CONTENT":
        texts.set(event.messageId, (texts.get(event.messageId) ?? "") + event.delta);
        return;
      case "RUN_FINISHED":
      case "RUN_ERROR":
        end = event;
    }
  };
  return {
    lastId: () => lastId,
    turnId: () => turnId,
    end: () => end,
    texts: () => [...texts.values()],
    async read(connection, maxEvents) {
      let status = 0;
      let events = 0;
      const parser = createParser({
        onEvent({ id, data }) {
          events += 1;
          lastId = id ?? lastId;
          take(JSON.parse(data));
        },
      });
      try {
        const response = await connection.response;
        status = response.statusCode ?? 0;
        if (status !== 200) return status;
        for await (const chunk of response.setEncoding("utf8")) {
          parser.feed(chunk);
          if (events >= maxEvents) break;
        }
      } catch {
        // The connection broke: its Worker is gone.
      } finally {
        connection.reset();
      }
      return status;
    },
  };
}
