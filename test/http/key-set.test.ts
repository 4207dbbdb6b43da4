import {
  exportJWK,
  exportSPKI,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from "jose";
import { expect, test } from "vitest";
import { createTokenVerifier } from "../../src/http/auth.ts";
import { createTestApi, newUser, testAudience, testIssuer } from "../support/api.ts";

const jwksUrl = "https://id.example/keys";
const algorithms = ["RS256", "PS256", "ES256", "EdDSA"];
const keyPairs = new Map<string, GenerateKeyPairResult>();
for (const alg of algorithms) keyPairs.set(alg, await generateKeyPair(alg, { extractable: true }));
const keySet = JSON.stringify({
  keys: await Promise.all(
    [...keyPairs].map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), alg, kid: alg })),
  ),
});

/** An application that takes its keys from `answer`, and what was fetched for it. */
function createKeySetApi(answer: () => Promise<Response> | Response) {
  const fetched: string[] = [];
  const verifyToken = createTokenVerifier(
    { issuer: testIssuer, audience: testAudience, keys: { jwksUrl } },
    async (url) => {
      fetched.push(url);
      return answer();
    },
  );
  const api = createTestApi({ deps: { verifyToken } });
  const ask = (token: string) =>
    api.send("GET", "/models", { headers: { Authorization: `Bearer ${token}` } });
  return { ask, fetched };
}

function keyOf(alg: string): GenerateKeyPairResult {
  const pair = keyPairs.get(alg);
  if (pair === undefined) throw new Error(`no key for ${alg}`);
  return pair;
}

function token(claims: JWTPayload = {}) {
  return new SignJWT({ sub: newUser().userId, ...claims })
    .setIssuer(testIssuer)
    .setAudience(testAudience)
    .setExpirationTime("10m");
}

const good = () => token().setProtectedHeader({ alg: "ES256", kid: "ES256" }).sign(keyOf("ES256").privateKey);

test("tokens of every algorithm of the key set are taken, and the set is fetched once", async () => {
  const { ask, fetched } = createKeySetApi(() => new Response(keySet));
  for (const alg of algorithms) {
    const signed = await token().setProtectedHeader({ alg, kid: alg }).sign(keyOf(alg).privateKey);
    expect((await ask(signed)).status, alg).toBe(200);
  }
  expect(fetched).toEqual([jwksUrl]);
});

test("a public key is no shared secret", async () => {
  const { ask } = createKeySetApi(() => new Response(keySet));
  const { publicKey } = keyOf("RS256");
  const secrets = [await exportSPKI(publicKey), (await exportJWK(publicKey)).n ?? ""];
  for (const secret of secrets) {
    const forged = await token()
      .setProtectedHeader({ alg: "HS256", kid: "RS256" })
      .sign(new TextEncoder().encode(secret));
    expect(await ask(forged)).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  }
});

test("a key that is not in the set, or another's name, opens nothing", async () => {
  const { ask, fetched } = createKeySetApi(() => new Response(keySet));
  const other = await generateKeyPair("ES256");
  for (const header of [
    { alg: "ES256", kid: "ES256" },
    { alg: "ES256", kid: "unheard-of" },
    { alg: "ES256" },
    { alg: "ES256", kid: "x", jku: "https://evil.example/keys" },
  ]) {
    const forged = await token().setProtectedHeader(header).sign(other.privateKey);
    expect((await ask(forged)).status, JSON.stringify(header)).toBe(401);
  }
  const swapped = await token()
    .setProtectedHeader({ alg: "ES256", kid: "RS256" })
    .sign(keyOf("ES256").privateKey);
  expect((await ask(swapped)).status).toBe(401);
  expect(new Set(fetched)).toEqual(new Set([jwksUrl]));
});

test("claims are held to as with a shared secret", async () => {
  const { ask } = createKeySetApi(() => new Response(keySet));
  const header = { alg: "ES256", kid: "ES256" };
  for (const broken of [
    token().setExpirationTime("-1s"),
    token().setIssuer("somebody"),
    token().setAudience("somebody"),
    token().setNotBefore("1m"),
    token({ sub: "" }),
  ]) {
    expect((await ask(await broken.setProtectedHeader(header).sign(keyOf("ES256").privateKey))).status).toBe(
      401,
    );
  }
});

test.each<[string, () => Promise<Response> | Response]>([
  ["cannot be reached", () => Promise.reject(new TypeError("connection refused"))],
  ["answers 500", () => new Response("oops", { status: 500 })],
  ["redirects", () => new Response(null, { status: 302, headers: { Location: "https://evil.example" } })],
  ["answers no JSON", () => new Response("<html>")],
  ["answers no key set", () => new Response("{}")],
])("a key set that %s is our trouble, not the caller's, and passes", async (_, fail) => {
  let isDown = true;
  const { ask } = createKeySetApi(() => (isDown ? fail() : new Response(keySet)));
  const answer = await ask(await good());
  expect(answer).toMatchObject({ status: 503, body: { code: "auth_unavailable" } });
  expect(answer.text).not.toMatch(/id\.example|refused/);
  isDown = false;
  expect((await ask(await good())).status).toBe(200);
});
