import { describe, expect, test } from "vitest";
import tagCases from "../../cases/tags.json";
import { createTurnScene } from "../../support/turn-scene.ts";

describe("the agents that a message calls by tags", async () => {
  const scene = await createTurnScene({ agents: tagCases.keys, mode: "tag" });

  test.each(tagCases.cases)("answer in the order of mention: $message", async ({ message, expect: keys }) => {
    const answer = await scene.post(message);
    const replies: { agent_key: string }[] = answer.body.replies ?? [];
    expect(replies.map(({ agent_key }) => agent_key)).toEqual(keys);
    if (keys.length === 0)
      expect(answer).toMatchObject({ status: 422, body: { code: "no_valid_tagged_agents" } });
  });
});
