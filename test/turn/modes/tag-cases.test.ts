import { describe, expect, test } from "vitest";
import tagCases from "../../cases/tags.json";
import { createTurnFixture } from "../../support/turn-fixture.ts";

const variants = [
  { message: "(@ada)", expect: ["ada"] },
  { message: "„@ada“ please", expect: ["ada"] },
  { message: "@ada's turn, then @linus.", expect: ["ada", "linus"] },
  { message: "~~@linus~~ *@ada*", expect: ["linus", "ada"] },
  { message: "@ada- and @linus_", expect: ["ada"] },
  { message: "  > @ada wrote this\n@linus answer", expect: ["linus"] },
  { message: "~~~\n@ada\n~~~\n@linus", expect: ["linus"] },
  { message: "``a ` @ada`` @linus", expect: ["linus"] },
  { message: "see ftp://x/@ada or www.example.com/@ada, @linus", expect: ["linus"] },
  { message: "mail joe_@ada.com or joe+x@ada.com, @linus", expect: ["linus"] },
  { message: "@ada.linus @param: x", expect: ["ada", "param"] },
  { message: "@адa @анa @ana", expect: ["ana"] },
  { message: "@anaß @ana\u0301 hi", expect: [] },
  { message: "안녕@ada님, 請問@linus。", expect: ["ada", "linus"] },
  { message: "@ＡＤＡ @ada１", expect: ["ada"] },
];

describe("the agents that a message tags", async () => {
  const fixture = await createTurnFixture({ agents: tagCases.keys, mode: "tag" });

  test.each([...tagCases.cases, ...variants])(
    "answer in the order of their tags: $message",
    async ({ message, expect: keys }) => {
      const answer = await fixture.post(message);
      const replies: { agent_key: string }[] = answer.body.replies ?? [];
      expect(replies.map(({ agent_key }) => agent_key)).toEqual(keys);
      if (keys.length === 0)
        expect(answer).toMatchObject({ status: 422, body: { code: "no_valid_tagged_agents" } });
    },
  );
});
