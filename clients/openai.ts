// A room as a model of OpenAI's SDK: streamed, then continued with the same history.
import OpenAI from "openai";

const { PANTHEON_URL, PANTHEON_KEY, PANTHEON_ROOM } = process.env;

const openai = new OpenAI({ baseURL: `${PANTHEON_URL}/v1`, apiKey: PANTHEON_KEY });
const model = `room:${PANTHEON_ROOM}`;
const messages: OpenAI.ChatCompletionMessageParam[] = [
  { role: "user", content: "@ada @bob What comes first?" },
];

const stream = await openai.chat.completions.create({
  model,
  messages,
  stream: true,
  stream_options: { include_usage: true },
});
let answer = "";
for await (const { choices, usage } of stream) {
  answer += choices[0]?.delta.content ?? "";
  if (usage) console.log(`${answer}\n(${usage.total_tokens} tokens)`);
}

// The session is found by its first message and answer.
messages.push({ role: "assistant", content: answer }, { role: "user", content: "@ada And then?" });
const next = await openai.chat.completions.create({ model, messages });
console.log(next.choices[0]?.message.content);
