import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { servePeer } from "../peers/serve-peer.ts";
import { type BaselineOptions, createConversation } from "./conversation.ts";

// What one would write by hand: three agents in sequence, and LangGraph's own Postgres checkpointer.
servePeer<BaselineOptions, Record<never, never>>(async (options) => {
  const answerMessage = await createConversation(options);
  const app = new Hono();
  app.post("/threads/:thread/turns", async (c) => {
    const { message }: { message: string } = await c.req.json();
    return c.json({ replies: await answerMessage(c.req.param("thread"), message) }, 201);
  });
  const port = await new Promise<number>((resolve) => {
    serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, (address) => resolve(address.port));
  });
  return { url: `http://127.0.0.1:${port}`, answers: {} };
});
