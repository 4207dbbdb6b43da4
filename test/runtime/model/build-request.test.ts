import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CatalogModel } from "../../../src/domain/catalog.ts";
import type { PromptMessage } from "../../../src/domain/context/prompt.ts";
import { type ModelDialect, standardDialect } from "../../../src/domain/model-dialect.ts";
import { buildRequestBody } from "../../../src/runtime/model/build-request.ts";
import type { ModelRequest } from "../../../src/runtime/model/model-port.ts";
import { noAdjustments, type RequestAdjustments } from "../../../src/runtime/model/request-adjustments.ts";

const baseUrl = "https://models.example/v1";
const search = { name: "search", description: "Searches.", parameters: { type: "object" } };
const [system, user, assistant] = (["system", "user", "assistant"] as const).map(
  (role) =>
    (content: string): PromptMessage => ({ role, content }),
) as [Say, Say, Say];
type Say = (content: string) => PromptMessage;

const call = (id: string, argumentsText = '{"query":"a"}', name = "search") => ({ id, name, argumentsText });
const asks = (...toolCalls: ReturnType<typeof call>[]): PromptMessage => ({
  role: "assistant",
  content: "",
  toolCalls,
});
const result = (toolCallId: string, content = "found"): PromptMessage => ({
  role: "tool",
  toolCallId,
  content,
});

function build(
  change: Partial<ModelRequest> = {},
  dialect: Partial<ModelDialect> = {},
  adjustments: Partial<RequestAdjustments> = {},
) {
  const model: CatalogModel = {
    alias: "house",
    provider: "own",
    providerModel: "house/one",
    contextWindowTokens: 8_192,
    multiplierHundredths: 100,
    dialect: { ...standardDialect, ...dialect },
  };
  const request: ModelRequest = {
    model,
    messages: [system("Be Ada."), user("Hello.")],
    tools: [],
    toolChoice: "auto",
    maxOutputTokens: 100,
    settings: {},
    signal: new AbortController().signal,
    onText: () => undefined,
    ...change,
  };
  // As it is sent: what JSON leaves out is not there.
  return JSON.parse(
    JSON.stringify(buildRequestBody(request, { baseUrl, adjustments: { ...noAdjustments, ...adjustments } })),
  );
}

describe("the parameters of a request", () => {
  test("are those of the standard dialect by default", () => {
    expect(build()).toEqual({
      model: "house/one",
      messages: [
        { role: "system", content: "Be Ada." },
        { role: "user", content: "Hello." },
      ],
      max_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test("have the agent's settings, with its token limit under the name that the model accepts", () => {
    const settings = { temperature: 0, top_p: 0.5, max_output_tokens: 7, reasoning_effort: "low" } as const;
    const body = build({ settings }, { maxTokensField: "max_completion_tokens" });
    expect(body).toMatchObject({
      temperature: 0,
      top_p: 0.5,
      reasoning_effort: "low",
      max_completion_tokens: 100,
    });
    expect(Object.keys(body)).not.toContain("max_tokens");
    expect(Object.keys(body)).not.toContain("max_output_tokens");
  });

  test("lack what the catalog omits and what the provider refused", () => {
    const settings = { temperature: 1, top_p: 1, reasoning_effort: "low" } as const;
    const dialect = { omit: ["temperature", "tool_choice"] } as const;
    const body = build({ settings, tools: [search] }, dialect, { dropped: ["top_p", "stream_options"] });
    expect(Object.keys(body).toSorted()).toEqual(
      ["max_tokens", "messages", "model", "reasoning_effort", "stream", "tools"].toSorted(),
    );
  });

  test("have the dialect's extra parameters in place of an agent's own settings, until the provider refuses them", () => {
    const dialect = { extraBody: { temperature: 0.3, provider: { order: ["a"] } } };
    expect(build({ settings: { temperature: 1 } }, dialect)).toMatchObject(dialect.extraBody);
    expect(build({}, dialect, { dropped: ["temperature"] })).not.toHaveProperty("temperature");
  });

  test("use the other name of the token limit where the provider requires it", () => {
    const body = build({}, {}, { maxTokensField: "max_completion_tokens" });
    expect(body).toMatchObject({ max_completion_tokens: 100 });
    expect(body).not.toHaveProperty("max_tokens");
  });
});

describe("the roles of a request", () => {
  const rolesOf = (messages: PromptMessage[], dialect: Partial<ModelDialect> = {}) =>
    build({ messages }, dialect).messages.map(({ role, content }: { role: string; content: string }) => [
      role,
      content,
    ]);

  test.each<[string, PromptMessage[], string[][]]>([
    [
      "join neighbouring user messages",
      [system("s"), user("a"), user("b")],
      [
        ["system", "s"],
        ["user", "a\n\nb"],
      ],
    ],
    [
      "join neighbouring answers",
      [user("a"), assistant("b"), assistant("c"), user("d")],
      [
        ["user", "a"],
        ["assistant", "b\n\nc"],
        ["user", "d"],
      ],
    ],
    [
      "put all that is system's first",
      [user("a"), system("s"), system("t"), assistant("b"), user("c")],
      [
        ["system", "s\n\nt"],
        ["user", "a"],
        ["assistant", "b"],
        ["user", "c"],
      ],
    ],
    [
      "open a conversation with the user",
      [system("s"), assistant("a"), user("b")],
      [
        ["system", "s"],
        ["user", "(What was said before is left out.)"],
        ["assistant", "a"],
        ["user", "b"],
      ],
    ],
    ["leave out an answer without text", [user("a"), assistant(""), user("b")], [["user", "a\n\nb"]]],
  ])("%s", (_, messages, expected) => {
    expect(rolesOf(messages)).toEqual(expected);
  });

  test("give the system message the role of the dialect", () => {
    const messages = [system("s"), assistant("a"), user("b")];
    expect(rolesOf(messages, { systemRole: "developer" })[0]).toEqual(["developer", "s"]);
    expect(rolesOf(messages, { systemRole: "user" })).toEqual([
      ["user", "s"],
      ["assistant", "a"],
      ["user", "b"],
    ]);
    expect(rolesOf([system("s"), user("a")], { systemRole: "user" })).toEqual([["user", "s\n\na"]]);
  });
});

describe("tool calls in a request", () => {
  const messagesOf = (messages: PromptMessage[]) => build({ messages, tools: [search] }).messages;

  test("have null as content, and are followed by their results", () => {
    expect(messagesOf([user("a"), asks(call("c1")), result("c1")])).toEqual([
      { role: "user", content: "a" },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "c1", type: "function", function: { name: "search", arguments: '{"query":"a"}' } },
        ],
      },
      { role: "tool", tool_call_id: "c1", content: "found" },
    ]);
  });

  test.each(['{"query": "a', "", "[1]", '"text"', "null", "7", "{} {}"])(
    "are sent with {} for the arguments %j",
    (text) => {
      const [, asked] = messagesOf([user("a"), asks(call("c1", text)), result("c1")]);
      expect(asked.tool_calls[0].function.arguments).toBe("{}");
    },
  );

  test.each([
    ["search<|channel|>commentary", "search_channel_commentary"],
    ["", "unnamed"],
    ["x".repeat(65), "x".repeat(64)],
    ["поиск", "_"],
  ])("are sent with a plain name for %j", (name, plain) => {
    const [, asked] = messagesOf([user("a"), asks(call("c1", "{}", name)), result("c1")]);
    expect(asked.tool_calls[0].function.name).toBe(plain);
  });

  test("have unique ids in every answer, each with its result; a signature at an id's end stays", () => {
    const long = `call__thought__${"Q".repeat(600)}`;
    const round = [asks(call("c1"), call(long)), result("c1"), result(long)];
    const ids = messagesOf([user("a"), ...round, ...round]).flatMap(
      (message: { role: string; tool_call_id?: string; tool_calls?: { id: string }[] }) =>
        message.role === "tool" ? [message.tool_call_id] : (message.tool_calls ?? []).map(({ id }) => id),
    );
    const [again, longAgain] = ["2-c1", `2-${long}`];
    expect(ids).toEqual(["c1", long, "c1", long, again, longAgain, again, longAgain]);
  });

  test("are sent with their tools even where none are offered", () => {
    const messages = [user("a"), asks(call("c1", "{}", "wipe it")), result("c1")];
    expect(build({ messages })).toMatchObject({
      tool_choice: "none",
      tools: [{ type: "function", function: { name: "wipe_it", parameters: { type: "object" } } }],
    });
    expect(build({ messages: [user("a")] })).not.toHaveProperty("tools");
  });
});

describe("a provider's own fields", () => {
  const fields = {
    modelAlias: "house",
    baseUrl,
    message: { reasoning_content: "I must search", reasoning: "r" },
    calls: [{ extra_content: { google: { thought_signature: "SIG" } } }],
  };
  const messages = (change: object = {}): PromptMessage[] => [
    user("a"),
    { ...asks(call("c1")), fields: { ...fields, ...change } } as PromptMessage,
    result("c1"),
  ];
  const sent = (
    dialect: Partial<ModelDialect> = {},
    adjustments: Partial<RequestAdjustments> = {},
    change = {},
  ) => {
    const [, asked] = build({ messages: messages(change), tools: [search] }, dialect, adjustments).messages;
    const {
      role: _,
      content: __,
      tool_calls: [{ id, type, function: ___, ...ofCall }],
      ...ofMessage
    } = asked;
    return { ofMessage, ofCall };
  };

  test("are sent back to the model that they came from", () => {
    expect(sent()).toEqual({ ofMessage: fields.message, ofCall: fields.calls[0] });
  });

  test.each([{ modelAlias: "other" }, { baseUrl: "https://other.example/v1" }])(
    "are sent to no other: %j",
    (change) => {
      expect(sent({}, {}, change)).toEqual({ ofMessage: {}, ofCall: {} });
    },
  );

  test("are sent back as the catalog defines, without those that the provider refused", () => {
    expect(sent({ sendBack: "none" })).toEqual({ ofMessage: {}, ofCall: {} });
    expect(sent({ sendBack: ["reasoning"] })).toEqual({ ofMessage: { reasoning: "r" }, ofCall: {} });
    expect(sent({}, { unsentFields: ["reasoning", "extra_content"] })).toEqual({
      ofMessage: { reasoning_content: "I must search" },
      ofCall: {},
    });
  });
});

test("for any conversation, the request has a form that every provider accepts", () => {
  const text = fc.string({ maxLength: 8 });
  const id = fc.constantFrom("c1", "c2", "call_0");
  const said = fc.oneof(
    fc.record({
      role: fc.constantFrom("system" as const, "user" as const, "assistant" as const),
      content: text,
    }),
  );
  const round = fc
    .uniqueArray(fc.record({ id, name: text, argumentsText: text }), {
      minLength: 1,
      selector: (one) => one.id,
    })
    .map((calls): PromptMessage[] => [asks(...calls), ...calls.map((one) => result(one.id, ""))]);
  fc.assert(
    fc.property(fc.array(said), fc.array(round), (opening, rounds) => {
      const messages = [...opening, user("now"), ...rounds.flat()];
      const body = build({ messages });
      const roles = body.messages.map(({ role }: { role: string }) => role);
      expect(roles.lastIndexOf("system")).toBeLessThanOrEqual(0);
      const spoken = roles.filter((role: string) => role === "user" || role === "assistant");
      expect(spoken[0]).toBe("user");
      roles.forEach((role: string, place: number) => {
        if (role !== "tool" && place > 0) expect(role).not.toBe(roles[place - 1]);
      });
      const asked = body.messages.flatMap(
        ({ tool_calls: calls = [] }: { tool_calls?: Record<string, never>[] }) => calls,
      );
      const answered = body.messages.flatMap((one: { tool_call_id?: string }) => one.tool_call_id ?? []);
      expect(answered.toSorted()).toEqual(asked.map((one: { id: string }) => one.id).toSorted());
      expect(new Set(answered).size).toBe(answered.length);
      for (const { function: named } of asked) {
        expect(named.name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(JSON.parse(named.arguments)).toBeTypeOf("object");
      }
      expect(body.messages.some(({ content }: { content: unknown }) => content === "")).toBe(false);
      expect("tools" in body).toBe(rounds.length > 0);
    }),
  );
});
