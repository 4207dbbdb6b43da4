import { base64url, CompactSign, SignJWT } from "jose";
import { expect, test } from "vitest";
import { createTestApi, mintToken, newUser, testAudience, testIssuer, testSecret } from "../support/api.ts";

const api = createTestApi();
const now = Math.floor(Date.now() / 1_000);
const secret = new TextEncoder().encode(testSecret);
const claims = () => ({
  iss: testIssuer,
  aud: testAudience,
  sub: newUser().userId,
  iat: now,
  exp: now + 600,
});

async function ask(authorization: string | undefined) {
  return api.send("GET", "/models", {
    headers: authorization === undefined ? {} : { Authorization: authorization },
  });
}

const sign = (header: { alg: string } & Record<string, unknown>, payload: unknown = claims()) =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(payload))).setProtectedHeader(header).sign(secret);

const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
const without = (name: string) => ({ ...claims(), [name]: undefined });

test.each([
  ["as usual", () => mintToken(claims())],
  ["for several audiences", () => mintToken({ ...claims(), aud: ["other", testAudience] })],
  ["with an nbf that is past", () => mintToken({ ...claims(), nbf: now - 5 })],
  ["with a key id, which a shared secret has no use for", () => sign({ alg: "HS256", kid: "any" })],
])("a token %s is taken", async (_, mint) => {
  expect((await ask(`Bearer ${await mint()}`)).status).toBe(200);
  expect((await ask(`bearer  ${await mint()}`)).status).toBe(200);
});

test.each([
  ["none", undefined],
  ["empty", ""],
  ["of another scheme", "Basic YTpi"],
  ["without a token", "Bearer "],
  ["with two tokens", "Bearer a b"],
  ["not a token", "Bearer a.b.c"],
  ["no token at all", "Bearer ..."],
])("an Authorization header that is %s: 401", async (_, header) => {
  await expectRefusal(header);
});

test.each<[string, () => Promise<string> | string]>([
  ["unsigned", () => `${encode({ alg: "none" })}.${encode(claims())}.`],
  ["unsigned, spelt otherwise", () => `${encode({ alg: "NonE" })}.${encode(claims())}.`],
  ["without alg", () => `${encode({})}.${encode(claims())}.AAAA`],
  ["signed with another secret", () => mintToken(claims(), "another-secret-0123456789abcdef0123456789")],
  ["signed with an empty secret", () => `${encode({ alg: "HS256" })}.${encode(claims())}.`],
  ["of an algorithm we did not choose", () => sign({ alg: "HS512" })],
  [
    "of an asymmetric algorithm",
    async () => (await sign({ alg: "HS256" })).replace(/^[^.]+/, encode({ alg: "RS256" })),
  ],
  [
    "with a payload that was changed",
    async () => (await mintToken(claims())).replace(/\.[^.]+\./, `.${encode(claims())}.`),
  ],
  ["with a critical extension", () => sign({ alg: "HS256", crit: ["x"], x: 1 }).catch(() => "unsignable")],
  ["expired", () => mintToken({ ...claims(), exp: now - 1 })],
  ["without exp", () => mintToken(without("exp"))],
  ["with exp as text", () => sign({ alg: "HS256" }, { ...claims(), exp: String(now + 600) })],
  ["not valid yet", () => mintToken({ ...claims(), nbf: now + 60 })],
  ["of another issuer", () => mintToken({ ...claims(), iss: "somebody" })],
  ["without issuer", () => mintToken(without("iss"))],
  ["for another audience", () => mintToken({ ...claims(), aud: "somebody" })],
  ["without audience", () => mintToken(without("aud"))],
  ["without sub", () => mintToken(without("sub"))],
  ["with a blank sub", () => mintToken({ ...claims(), sub: " " })],
  ["with a sub that cannot be kept", () => mintToken({ ...claims(), sub: "a\u0000b" })],
  ["with a sub that is no text", () => sign({ alg: "HS256" }, { ...claims(), sub: ["a"] })],
  ["with a sub too long", () => mintToken({ ...claims(), sub: "x".repeat(256) })],
  ["whose payload is a list", () => sign({ alg: "HS256" }, [])],
  [
    "whose payload is no JSON",
    async () => new CompactSign(new Uint8Array([1, 2])).setProtectedHeader({ alg: "HS256" }).sign(secret),
  ],
  ["with a header of 8 KB", () => sign({ alg: "HS256", kid: "k".repeat(8_192) })],
  ["encrypted", () => [{ alg: "dir", enc: "A256GCM" }, "", "iv", "text", "tag"].map(encode).join(".")],
  ["signed by a key it brings along", bringOwnKey],
])("a token %s: 401", async (_, mint) => {
  await expectRefusal(`Bearer ${await mint()}`);
});

async function bringOwnKey(): Promise<string> {
  const { publicKey, privateKey } = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const jwk = (await crypto.subtle.exportKey("jwk", publicKey)) as JsonWebKey;
  return new SignJWT(claims())
    .setProtectedHeader({ alg: "EdDSA", jwk: { ...jwk, kty: "OKP" } })
    .sign(privateKey);
}

async function expectRefusal(header: string | undefined) {
  const answer = await ask(header);
  expect(answer).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
  expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
}
