import OpenAI from "openai";
import { expect, test } from "vitest";
import { createStreamFixture } from "../../support/streams.ts";
import { insertBudget } from "../../turn/money/support.ts";

test.each([{ stream: false }, { stream: true }])(
  "OpenAI's client gets 402 where nothing is left, once, before any model is asked: %j",
  async ({ stream }) => {
    const room = await createStreamFixture({ agents: ["ada"] });
    await insertBudget(room.sql, { userId: room.owner.userId }, { limit: "0" });
    let requests = 0;
    const send: typeof fetch = async (input, init) => {
      requests += 1;
      return room.api.app.request(input instanceof Request ? input.url : String(input), init);
    };
    const client = new OpenAI({ baseURL: "https://pantheon.example/v1", apiKey: room.token, fetch: send });

    const refused: unknown = await client.chat.completions
      .create({ model: `room:${room.roomId}`, messages: [{ role: "user", content: "@ada go" }], stream })
      .then(
        () => "it was answered",
        (error: unknown) => error,
      );

    expect(refused).toBeInstanceOf(OpenAI.APIError);
    expect(refused).toMatchObject({
      status: 402,
      code: "budget_exhausted",
      type: "insufficient_quota",
      error: { scope: "user", limit: "0.00000000", spent: "0.00000000", resets_at: null },
    });
    // The client repeats what may pass; this does not.
    expect(requests).toBe(1);
    expect(await room.calls()).toBe(0);
  },
);
