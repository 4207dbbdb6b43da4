import { expect, test } from "vitest";
import limits from "../../docs/limits.md?raw";
import { type Answer, createTestApi, mintToken } from "../support/api.ts";
import { readRefusal } from "../support/operations.ts";
import { furtherAgent, readLimitRows, type SizedRequest, sizedRequests } from "../support/sized-requests.ts";
import { seedTenant } from "../system/abuse/support/tenant.ts";

const api = createTestApi();
type Tenant = Awaited<ReturnType<typeof seedTenant>>;

type Send = (tenant: Tenant, amount: number) => Promise<Answer>;

async function send({ user }: Tenant, { method, path, body, headers }: SizedRequest): Promise<Answer> {
  const common = { Authorization: `Bearer ${await mintToken({ sub: user.userId })}` };
  if (body === undefined) return api.send(method, path, { headers: { ...common, ...headers } });
  const answer = await api.send(method, path, {
    headers: { ...common, "Content-Type": "application/json", ...headers },
    body,
  });
  return readRefusal(answer);
}

/** Of the rows that one request alone does not reach: how to send so much. */
const otherRequests: Record<string, Send> = {
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
  "user of a token": async (_tenant, amount) => {
    const token = await mintToken({ sub: "u".repeat(amount) });
    return api.send("GET", "/models", { headers: { Authorization: `Bearer ${token}` } });
  },
  "API keys of a user": async ({ user }, amount) => {
    const client = api.as(user);
    const { data } = (await client.get("/auth/keys")).body;
    for (let n = data.length + 1; n < amount; n += 1) await client.post("/auth/keys", { name: `key ${n}` });
    return client.post("/auth/keys", { name: "one more" });
  },
  "agents of a room": async (tenant, amount) => {
    const { data } = (await api.as(tenant.user).get(`/rooms/${tenant.ids.room_id}/agents`)).body;
    for (let n = data.length + 1; n < amount; n += 1) await send(tenant, furtherAgent(tenant.ids, n));
    return send(tenant, furtherAgent(tenant.ids, amount));
  },
};

const requests: Record<string, Send> = {
  ...Object.fromEntries(
    Object.entries(sizedRequests).map(([what, describe]): [string, Send] => [
      what,
      (tenant, amount) => send(tenant, describe(tenant.ids, amount)),
    ]),
  ),
  ...otherRequests,
};

const rows = readLimitRows(limits);

test("every limit of a request in the document is tested", () => {
  expect(rows.map(({ what }) => what).toSorted()).toEqual(Object.keys(requests).toSorted());
});

test.each(rows)(
  "$what: $amount are accepted, one more is $status $code",
  async ({ what, amount, status, code }) => {
    const sendAmount = requests[what];
    if (sendAmount === undefined) throw new Error(`the test must be taught how to send ${what}`);
    const under = await sendAmount(await seedTenant("scout"), amount);
    expect(under.body.code).not.toBe(code);
    const over = await sendAmount(await seedTenant("scout"), amount + 1);
    expect(over).toMatchObject({ status, body: { code } });
  },
);
