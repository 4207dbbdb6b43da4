import { describe, expect, test } from "vitest";
import { createTestApi, type TestApi, testAudience } from "../../support/api.ts";
import { createKeySetApi } from "../../support/key-set.ts";
import { listOperations, readRefusal } from "../../support/operations.ts";
import {
  claims,
  type Forgery,
  forgeriesOf,
  keySetForgeries,
  type Signer,
  secretForgeries,
  withKeySet,
  withSecret,
} from "./support/forgeries.ts";

const bySecret = createTestApi();
const byKeySet = createKeySetApi().api;
const secured = (await listOperations(bySecret)).filter(({ isOpen }) => !isOpen);

async function expectRefusal(api: TestApi, headers: HeadersInit | undefined, place = 0): Promise<void> {
  // Everywhere at one route, and each at another one: one middleware checks them all.
  const [models] = secured.filter(({ name }) => name === "GET /api/v1/models");
  for (const operation of [models, secured[place % secured.length]]) {
    if (operation === undefined) throw new Error("there is no such route");
    const path = operation.path.replaceAll(/\{\w+\}/g, crypto.randomUUID());
    const sent = await api.send(operation.method, path, headers === undefined ? {} : { headers });
    const answer = readRefusal(sent);
    expect(answer, operation.name).toMatchObject({ status: 401, body: { code: "unauthorized" } });
    expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
    expect(answer.headers.get("Content-Type")).toMatch(/json$/);
  }
}

const modes: [string, TestApi, Signer, Forgery[]][] = [
  ["a shared secret", bySecret, withSecret, secretForgeries],
  ["a key set", byKeySet, withKeySet, keySetForgeries],
];

describe.each(modes)("where tokens are verified with %s", (_mode, api, signer, own) => {
  test.each([
    ["as usual", {}, {}],
    ["for several audiences", { aud: ["other", testAudience] }, {}],
    ["with an nbf that is past", { nbf: 1 }, {}],
    ["that says more than is asked", { admin: true, roles: ["x"], iat: undefined }, { typ: "JWT", x: 1 }],
  ])("a token %s is accepted", async (_what, changes, header) => {
    const token = await signer.sign(claims(changes), header);
    for (const spelling of [`Bearer ${token}`, `bearer  ${token}`]) {
      expect((await api.send("GET", "/models", { headers: { Authorization: spelling } })).status).toBe(200);
    }
  });

  const forgeries = [...forgeriesOf(signer), ...own];
  test.each(forgeries)("a token %s: 401", async (what, forge) => {
    const place = forgeries.findIndex(([name]) => name === what);
    await expectRefusal(api, { Authorization: `Bearer ${await forge()}` }, place);
  });

  test("a valid token is refused where its header has the wrong form", async () => {
    const token = await signer.sign(claims());
    const values = [
      ...["", token, `Basic ${token}`, `Bearer`, "Bearer ", `Bearer${token}`, `Token ${token}`],
      ...[`Bearer ${token} ${token}`, `Bearer ${token},`, `Bearer "${token}"`, `Bearer token=${token}`],
      ...[`DPoP ${token}`, `Bearer Bearer ${token}`, `Bearer ${token}\t${token}`],
    ];
    for (const [place, value] of values.entries()) await expectRefusal(api, { Authorization: value }, place);
  });

  test("two Authorization headers are refused", async () => {
    const token = `Bearer ${await signer.sign(claims())}`;
    const another = `Bearer ${await signer.sign(claims())}`;
    for (const [place, pair] of [
      [token, another],
      [token, token],
      ["Basic YTpi", token],
    ].entries()) {
      const headers = new Headers();
      for (const value of pair) headers.append("Authorization", value);
      await expectRefusal(api, headers, place);
    }
    await expectRefusal(api, { "Proxy-Authorization": token, Cookie: `token=${token}`, "X-Token": token });
  });
});

test("without a header, or with the token elsewhere: 401", async () => {
  await expectRefusal(bySecret, undefined);
  const token = await withSecret.sign(claims());
  const answer = await bySecret.send("GET", `/rooms?access_token=${token}`);
  expect(answer).toMatchObject({ status: 401, body: { code: "unauthorized" } });
});
