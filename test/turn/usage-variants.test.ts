import { expect, test } from "vitest";
import { chunkOf, eventStream, toEvents } from "../runtime/model/read-answer.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

type Booked = {
  source: "provider" | "estimated";
  fresh?: number;
  cached?: number;
  output?: number;
  cost?: string | null;
};
type Variant = [name: string, chunks: readonly object[], booked: Booked];

const report = (usage: unknown) => ({ id: "gen-1", choices: [], usage });
const provider = (fresh: number, cached: number, output: number): Booked => ({
  source: "provider",
  fresh,
  cached,
  output,
});
const thought = chunkOf({ reasoning_content: "Let me think about it." });

const variants: Variant[] = [
  [
    "Anthropic's words",
    [report({ input_tokens: 100, output_tokens: 20, cache_read_input_tokens: 900 })],
    provider(100, 900, 20),
  ],
  [
    "DeepSeek's cache",
    [
      report({
        prompt_tokens: 1000,
        completion_tokens: 20,
        total_tokens: 1020,
        prompt_cache_hit_tokens: 300,
        prompt_cache_miss_tokens: 700,
      }),
    ],
    provider(700, 300, 20),
  ],
  [
    "Moonshot's cache",
    [report({ prompt_tokens: 1000, completion_tokens: 20, total_tokens: 1020, cached_tokens: 300 })],
    provider(700, 300, 20),
  ],
  [
    "a cache in two fields that differ",
    [
      report({
        prompt_tokens: 1000,
        completion_tokens: 20,
        total_tokens: 1020,
        cached_tokens: 0,
        prompt_tokens_details: { cached_tokens: 300 },
      }),
    ],
    provider(700, 300, 20),
  ],
  [
    "details that are null",
    [
      report({
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 120,
        prompt_tokens_details: null,
        completion_tokens_details: null,
      }),
    ],
    provider(100, 0, 20),
  ],
  [
    "a cached part as large as the prompt",
    [
      report({
        prompt_tokens: 900,
        completion_tokens: 20,
        total_tokens: 920,
        prompt_tokens_details: { cached_tokens: 900 },
      }),
    ],
    provider(0, 900, 20),
  ],
  [
    "a cache beside the prompt by the total",
    [
      report({
        prompt_tokens: 1000,
        completion_tokens: 20,
        total_tokens: 1320,
        cache_read_input_tokens: 300,
      }),
    ],
    provider(1000, 300, 20),
  ],
  [
    "reasoning inside the completion",
    [
      thought,
      report({
        prompt_tokens: 100,
        completion_tokens: 500,
        total_tokens: 600,
        completion_tokens_details: { reasoning_tokens: 480 },
      }),
    ],
    provider(100, 0, 500),
  ],
  [
    "reasoning that only the total tells",
    [thought, report({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 620 })],
    provider(100, 0, 520),
  ],
  [
    "Gemini's reasoning beside the completion",
    [
      report({
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 620,
        completion_tokens_details: { reasoning_tokens: 500 },
      }),
    ],
    provider(100, 0, 520),
  ],
  ["no total", [report({ prompt_tokens: 100, completion_tokens: 20 })], provider(100, 0, 20)],
  ["no completion but a total", [report({ prompt_tokens: 100, total_tokens: 120 })], provider(100, 0, 20)],
  [
    "usage in the choice",
    [
      {
        choices: [
          {
            index: 0,
            delta: {},
            finish_reason: "stop",
            usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
          },
        ],
      },
    ],
    provider(100, 0, 20),
  ],
  [
    "Groq's place",
    [
      {
        choices: [],
        x_groq: { id: "r", usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 } },
      },
    ],
    provider(100, 0, 20),
  ],
  [
    "usage that is null first",
    [report(null), report({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 })],
    provider(100, 0, 20),
  ],
  [
    "reports whose fields come one by one",
    [
      report({ prompt_tokens: 100, completion_tokens: 0, total_tokens: 100 }),
      report({ prompt_tokens: 0, completion_tokens: 20, total_tokens: 20 }),
      report({
        prompt_tokens: 90,
        completion_tokens: 20,
        total_tokens: 110,
        prompt_tokens_details: { cached_tokens: 40 },
      }),
    ],
    provider(60, 40, 20),
  ],
  [
    "a smaller report behind a larger one",
    [
      report({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120, cost: 0.5 }),
      report({ prompt_tokens: 50, completion_tokens: 10, total_tokens: 60, cost: 0.25 }),
    ],
    { ...provider(100, 0, 20), cost: "0.50000000" },
  ],
  [
    "a number over 100 million",
    [report({ prompt_tokens: 100, completion_tokens: 100_000_001, total_tokens: 100_000_101 })],
    { source: "estimated" },
  ],
  [
    "a number with a fraction",
    [report({ prompt_tokens: 100.5, completion_tokens: 20 })],
    { source: "estimated" },
  ],
  [
    "a count that is no number",
    [report({ prompt_tokens: "many", completion_tokens: 20 })],
    { source: "estimated" },
  ],
  [
    "a negative cached part",
    [report({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120, cached_tokens: -5 })],
    { source: "estimated" },
  ],
  ["usage as a list", [report([{ prompt_tokens: 100, completion_tokens: 20 }])], { source: "estimated" }],
  [
    "a cost as text",
    [report({ prompt_tokens: 100, completion_tokens: 20, cost: "0.000125" })],
    { ...provider(100, 0, 20), cost: "0.00012500" },
  ],
  [
    "a cost of zero",
    [report({ prompt_tokens: 100, completion_tokens: 20, cost: 0 })],
    { ...provider(100, 0, 20), cost: "0.00000000" },
  ],
  [
    "a cost that cannot be",
    [report({ prompt_tokens: 100, completion_tokens: 20, cost: -1 })],
    { ...provider(100, 0, 20), cost: null },
  ],
];

test.each(variants)("the ledger has %s", async (_name, chunks, booked) => {
  const fixture = await createTurnFixture();
  const text = "The weather is fine today, with some clouds in the afternoon and rain later in the evening.";
  const body = toEvents([chunkOf({ content: text }), chunkOf({}, "stop"), ...chunks]);
  await fixture.models.script(says("ada", { body, headers: eventStream }));

  await fixture.post("@ada hello");

  const [row] = await fixture.ledger();
  expect(row).toMatchObject({ status: "completed", usage_source: booked.source });
  if (booked.fresh !== undefined) {
    expect([row?.input_tokens_fresh, row?.input_tokens_cached, row?.output_tokens]).toEqual([
      booked.fresh,
      booked.cached,
      booked.output,
    ]);
  } else {
    expect(row?.input_tokens_fresh).toBeGreaterThan(10);
    expect(row?.output_tokens).toBeGreaterThan(10);
  }
  expect(row?.provider_cost_usd).toBe(booked.cost ?? null);
});
