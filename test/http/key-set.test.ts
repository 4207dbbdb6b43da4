import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { newUser, type TestApi, testAudience, testIssuer } from "../support/api.ts";
import { createKeySetApi, jwksUrl, keyOf, keySet, keySetAlgorithms } from "../support/key-set.ts";

const tokenOf = (alg: string) =>
  new SignJWT({ sub: newUser().userId })
    .setProtectedHeader({ alg, kid: alg })
    .setIssuer(testIssuer)
    .setAudience(testAudience)
    .setExpirationTime("10m")
    .sign(keyOf(alg).privateKey);

const ask = async (api: TestApi, alg: string) =>
  api.send("GET", "/models", { headers: { Authorization: `Bearer ${await tokenOf(alg)}` } });

test("tokens of every algorithm of the key set are taken, and the set is fetched once", async () => {
  const { api, fetched } = createKeySetApi();
  for (const alg of keySetAlgorithms) expect((await ask(api, alg)).status, alg).toBe(200);
  expect(fetched).toEqual([jwksUrl]);
});

test.each<[string, () => Promise<Response> | Response]>([
  ["cannot be reached", () => Promise.reject(new TypeError("connection refused"))],
  ["answers 500", () => new Response("oops", { status: 500 })],
  ["redirects", () => new Response(null, { status: 302, headers: { Location: "https://evil.example" } })],
  ["answers no JSON", () => new Response("<html>")],
  ["answers no key set", () => new Response("{}")],
])("a key set that %s is our trouble, not the caller's, and passes", async (_, fail) => {
  let isDown = true;
  const { api } = createKeySetApi(() => (isDown ? fail() : new Response(keySet)));
  const answer = await ask(api, "ES256");
  expect(answer).toMatchObject({ status: 503, body: { code: "auth_unavailable" } });
  expect(answer.text).not.toMatch(/id\.example|refused/);
  isDown = false;
  expect((await ask(api, "ES256")).status).toBe(200);
});
