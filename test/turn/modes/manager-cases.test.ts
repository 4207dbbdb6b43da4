import { describe, expect, test } from "vitest";
import managerCases from "../../cases/manager-answers.json";
import { createTurnFixture } from "../../support/turn-fixture.ts";
import { storedSummaries } from "./support/history.ts";
import { managerSays, replyKeys, summaryTextIs } from "./support/model-calls.ts";
import { createSummaryFixture, talk } from "./support/summary-fixture.ts";

type RoutingCase = { name: string; answer: string; expect: string | string[] };
type SummaryCase = { name: string; answer: string; expect: string | null };

const picked = '{"selected_agent_keys":["linus","grace"]}';

const routingVariants: RoutingCase[] = [
  {
    name: "a fence without a language, prose around",
    answer: `Here:\n\`\`\`\n${picked}\n\`\`\`\nDone.`,
    expect: ["linus", "grace"],
  },
  { name: "the same object twice", answer: `${picked}\n\n${picked}`, expect: ["linus", "grace"] },
  {
    name: "an object in the thinking and another behind it",
    answer: `<think>{"selected_agent_keys":["ada"]}?</think>${picked}`,
    expect: ["linus", "grace"],
  },
  {
    name: "thinking that is called thinking",
    answer: `<thinking>Hm.</thinking>\n${picked}`,
    expect: ["linus", "grace"],
  },
  { name: "a list of one object", answer: `[${picked}]`, expect: ["linus", "grace"] },
  {
    name: "keys with blanks and @",
    answer: '{"selected_agent_keys": [" @linus ", "@ grace"]}',
    expect: ["linus", "grace"],
  },
  {
    name: "keys in capitals, one of them twice",
    answer: '{"selected_agent_keys":["LINUS","linus","Grace"]}',
    expect: ["linus", "grace"],
  },
  {
    name: "other fields beside the keys",
    answer: '{"reason":"{\\"x\\":1}","selected_agent_keys":["linus","grace"],"confidence":0.9}',
    expect: ["linus", "grace"],
  },
  { name: "a text of one key with @", answer: '{"selected_agent_keys":"@grace"}', expect: ["grace"] },
  {
    name: "line breaks and a trailing comma behind the object's last field",
    answer: '{\n  "selected_agent_keys": [\n    "linus",\n    "grace",\n  ],\n}\n',
    expect: ["linus", "grace"],
  },
  { name: "other end tokens", answer: `${picked}</s><|endoftext|>`, expect: ["linus", "grace"] },
  { name: "thinking alone", answer: `<think>${picked}`, expect: "fallback" },
  { name: "keys of nobody", answer: '{"selected_agent_keys":["zoe"]}', expect: "fallback" },
  { name: "an object that is cut", answer: '{"selected_agent_keys":["linus"', expect: "fallback" },
];

const summaryVariants: SummaryCase[] = [
  {
    name: "a fence",
    answer: '```json\n{"summary_text":"They spoke of messages."}\n```',
    expect: "They spoke of messages.",
  },
  {
    name: "the closing tag of thinking alone",
    answer: 'Hm.\n</think>\n{"summary_text":"They spoke of messages."}',
    expect: "They spoke of messages.",
  },
  {
    name: "a line break within the text",
    answer: '{"summary_text":"They spoke\nof messages."}',
    expect: "They spoke\nof messages.",
  },
  {
    name: "an end token",
    answer: '{"summary_text":"They spoke of messages."}<|im_end|>',
    expect: "They spoke of messages.",
  },
  { name: "another key", answer: '{"summary":"They spoke of messages."}', expect: null },
  { name: "an empty text", answer: '{"summary_text":"  "}', expect: null },
  { name: "a text that is a list", answer: '{"summary_text":["They spoke."]}', expect: null },
  { name: "two different objects", answer: '{"summary_text":"One."}\n{"summary_text":"Two."}', expect: null },
];

describe("a manager that answers with", () => {
  test.each([...(managerCases.cases as RoutingCase[]), ...routingVariants])(
    "$name: the agents that it names are asked, or the first agent",
    async ({ answer, expect: right }) => {
      const fixture = await createTurnFixture({ agents: managerCases.room, mode: "orchestrator" });
      await fixture.models.script(managerSays(answer, 1), managerSays('{"selected_agent_keys":[]}'));

      const { body } = await fixture.post("who is there?");

      const { audit } = (await fixture.read(body.id)).body;
      const isFallback = right === "fallback";
      expect(audit[0].routing.rule === "fallback_first_position").toBe(isFallback);
      expect(replyKeys(body)).toEqual(isFallback ? managerCases.room.slice(0, 1) : right);
    },
  );
});

describe("a summarizer that answers with", () => {
  test.each([...(managerCases.summaries as SummaryCase[]), ...summaryVariants])(
    "$name: its text is stored, or no summary is made",
    async ({ answer, expect: right }) => {
      const fixture = await createSummaryFixture();
      await fixture.models.script(summaryTextIs(answer));

      const [, , third] = await talk(fixture, 3);

      expect(third).toMatchObject({ status: "completed", summary_triggered: right !== null });
      const stored = await storedSummaries(fixture);
      expect(stored.map(({ summary_text }: { summary_text: string }) => summary_text)).toEqual(
        right === null ? [] : [right],
      );
    },
  );
});
