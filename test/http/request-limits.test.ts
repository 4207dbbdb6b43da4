import { expect, test } from "vitest";
import limits from "../../docs/limits.md?raw";
import { type Answer, createTestApi, mintToken } from "../support/api.ts";
import { seedTenant } from "../system/abuse/support/tenant.ts";

const api = createTestApi();
type Tenant = Awaited<ReturnType<typeof seedTenant>>;
type Send = (tenant: Tenant, amount: number) => Promise<Answer>;

const text = (characters: number) => "é".repeat(characters);
const newAgent = { agent_key: "one", name: "One", model_alias: "llama", role_prompt: "You are one." };
const addAgent = (change: (amount: number) => object): Send => {
  return ({ user, ids }, amount) =>
    api.as(user).post(`/rooms/${ids.room_id}/agents`, { ...newAgent, ...change(amount) });
};
const agUi = ({ user, ids }: Tenant, messages: unknown) =>
  api.as(user).post(`/sessions/${ids.session_id}/ag-ui`, { threadId: "t", runId: "r", messages });
const says = (content: unknown) => ({ id: "m", role: "user", content });
const bodyOf = async ({ user }: Tenant, path: string, bytes: number) =>
  api.send("POST", path, {
    headers: {
      Authorization: `Bearer ${await mintToken({ sub: user.userId })}`,
      "Content-Type": "application/json",
    },
    body: `{${" ".repeat(bytes - 2)}}`,
  });

/** By what a row of the document is called: how to send so much. One that passes may be refused for another reason. */
const ways: Record<string, Send> = {
  body: (tenant, bytes) => bodyOf(tenant, "/rooms", bytes),
  "body of `…/turns`": (tenant, bytes) => bodyOf(tenant, `/sessions/${tenant.ids.session_id}/turns`, bytes),
  "body of `…/ag-ui`": (tenant, bytes) => bodyOf(tenant, `/sessions/${tenant.ids.session_id}/ag-ui`, bytes),
  message: ({ user, ids }, amount) =>
    api.as(user).post(`/sessions/${ids.session_id}/turns`, { message: text(amount) }),
  "room name": ({ user }, amount) => api.as(user).post("/rooms", { name: text(amount) }),
  "room goal": ({ user }, amount) => api.as(user).post("/rooms", { name: "A room", goal: text(amount) }),
  "role prompt": addAgent((amount) => ({ role_prompt: text(amount) })),
  "agent name": addAgent((amount) => ({ name: text(amount) })),
  "agent key": addAgent((amount) => ({ agent_key: "k".repeat(amount) })),
  "tool permissions": addAgent((amount) => ({ tool_permissions: Array(amount).fill("search") })),
  "agent order": ({ user, ids }, amount) =>
    api.as(user).put(`/rooms/${ids.room_id}/agents/order`, { agent_keys: Array(amount).fill("scout") }),
  "messages of `…/ag-ui`": (tenant, amount) =>
    agUi(tenant, [says("hello"), ...Array(amount - 1).fill({ role: "assistant" })]),
  "parts of a content": (tenant, amount) =>
    agUi(tenant, [says(Array(amount).fill({ type: "text", text: "x" }))]),
  "idempotency key": ({ user, ids }, amount) =>
    api
      .as(user)
      .post(
        `/sessions/${ids.session_id}/turns`,
        { message: "hello" },
        { headers: { "Idempotency-Key": "k".repeat(amount) } },
      ),
  token: async ({ user }, amount) => {
    const lengthOf = async (padding: number) => mintToken({ sub: user.userId, padding: "x".repeat(padding) });
    // Base64 makes four characters of three: a padding that gives the length, or one or two less.
    let padding = 0;
    let token = await lengthOf(padding);
    for (let step = 4_096; step >= 1; step /= 2) {
      const longer = await lengthOf(padding + step);
      if (longer.length <= amount) [padding, token] = [padding + step, longer];
    }
    if (amount > 8_192) token = await lengthOf(padding + 2);
    return api.send("GET", "/models", { headers: { Authorization: `Bearer ${token}` } });
  },
  page: ({ user }, amount) => api.as(user).get(`/rooms?limit=${amount}`),
  "agents of a room": async ({ user, ids }, amount) => {
    const add = (n: number) =>
      api
        .as(user)
        .post(`/rooms/${ids.room_id}/agents`, { ...newAgent, agent_key: `k${n}`, name: `Number ${n}` });
    const { data } = (await api.as(user).get(`/rooms/${ids.room_id}/agents`)).body;
    for (let n = data.length + 1; n < amount; n += 1) await add(n);
    return add(amount);
  },
};

const units: Record<string, number> = { KiB: 1_024, MiB: 1_024 * 1_024 };
const table = limits.slice(limits.indexOf("## Requests"), limits.indexOf("Other tests hold these"));
const rows = [...table.matchAll(/^\| (.+?) \| ([\d,]+)(?: (KiB|MiB))? \| .+ \| (\d{3}) `(\w+)` \|$/gm)].map(
  ([, what = "", figure = "", unit = "", status, code]) => ({
    ...{ what, status: Number(status), code },
    amount: Number(figure.replaceAll(",", "")) * (units[unit] ?? 1),
  }),
);

test("every bound of a request in the document is tried", () => {
  expect(rows.map(({ what }) => what)).toEqual(Object.keys(ways));
});

test.each(rows)("$what: $amount pass, one more is $status $code", async ({ what, amount, status, code }) => {
  const send = ways[what];
  if (send === undefined) throw new Error(`the test must be taught how to send ${what}`);
  const under = await send(await seedTenant("scout"), amount);
  expect(under.body.code).not.toBe(code);
  const over = await send(await seedTenant("scout"), amount + 1);
  expect(over).toMatchObject({ status, body: { code } });
});
