import { expect, test } from "vitest";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

test.each([
  [
    "with NUL",
    'data: {"id":"a\\u0000b","choices":[{"index":0,"delta":{"content":"h\\u0000i"},"finish_reason":"stop"}]}',
  ],
  [
    "with half a surrogate pair",
    'data: {"id":"\\ud800","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}',
  ],
  [
    "that is no text",
    'data: {"id":7,"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}',
  ],
])("a provider's id that is %s does not fail the turn", async (_id, line) => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
  await fixture.models.script(says("ada", { body: `${line}\n\ndata: [DONE]\n\n` }));

  const { status, body } = await fixture.post("@ada @bob hello");

  expect(status).toBe(201);
  expect(body.replies).toMatchObject([{ status: "completed", content: "hi" }, { status: "completed" }]);
});
