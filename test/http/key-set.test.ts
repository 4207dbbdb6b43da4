import { base64url, SignJWT } from "jose";
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

test("tokens of every algorithm of the key set are accepted, and the set is fetched once", async () => {
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
])("a key set that %s is 503, not the caller's error, and the next request tries again", async (_, fail) => {
  let isDown = true;
  const { api } = createKeySetApi(() => (isDown ? fail() : new Response(keySet)));
  const answer = await ask(api, "ES256");
  expect(answer).toMatchObject({ status: 503, body: { code: "auth_unavailable" } });
  expect(answer.text).not.toMatch(/id\.example|refused/);
  isDown = false;
  expect((await ask(api, "ES256")).status).toBe(200);
});

/** A key of 1,024 bits, which jose neither makes nor signs with. */
async function createWeakKey(alg: "RS256" | "PS256") {
  const { name, hash } = {
    RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    PS256: { name: "RSA-PSS", hash: "SHA-256" },
  }[alg];
  const parameters = { name, hash, modulusLength: 1_024, publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = (await crypto.subtle.generateKey(parameters, true, ["sign", "verify"])) as CryptoKeyPair;
  const jwk = { ...((await crypto.subtle.exportKey("jwk", pair.publicKey)) as JsonWebKey), alg, kid: "weak" };
  const encode = (part: object) => base64url.encode(JSON.stringify(part));
  const expiresAt = Math.floor(Date.now() / 1_000) + 600;
  const signed = `${encode({ alg, kid: "weak" })}.${encode({ sub: "somebody", iss: testIssuer, aud: testAudience, exp: expiresAt })}`;
  const signature = await crypto.subtle.sign(
    { name, saltLength: 32 },
    pair.privateKey,
    new TextEncoder().encode(signed),
  );
  return { jwk, token: `${signed}.${base64url.encode(new Uint8Array(signature))}` };
}

test.each(["RS256", "PS256"] as const)(
  "a token of %s signed with a weak key of the set is refused",
  async (alg) => {
    const { jwk, token } = await createWeakKey(alg);
    const { api } = createKeySetApi(() => Response.json({ keys: [jwk] }));
    const answer = await api.send("GET", "/models", { headers: { Authorization: `Bearer ${token}` } });
    expect(answer).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  },
);
