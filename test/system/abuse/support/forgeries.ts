import { base64url, CompactSign, exportJWK, exportSPKI, generateKeyPair } from "jose";
import { newUser, testAudience, testIssuer, testSecret } from "../../../support/api.ts";
import { keyOf } from "../../../support/key-set.ts";

type Header = { alg: string } & Record<string, unknown>;
export type Forgery = [what: string, forge: () => Promise<string> | string];

/** Signs as the application wants it, so that only what is forged can be the reason for a refusal. */
export type Signer = { sign: (payload: unknown, header?: Record<string, unknown>) => Promise<string> };

const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
const signWith = (header: Header, payload: unknown, key: Parameters<CompactSign["sign"]>[0]) =>
  new CompactSign(payload instanceof Uint8Array ? payload : new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader(header)
    .sign(key, { crit: { x: true } });

const secret = new TextEncoder().encode(testSecret);
export const withSecret: Signer = {
  sign: (payload, header) => signWith({ alg: "HS256", ...header }, payload, secret),
};
export const withKeySet: Signer = {
  sign: (payload, header) =>
    signWith({ alg: "RS256", kid: "RS256", ...header }, payload, keyOf("RS256").privateKey),
};

const now = Math.floor(Date.now() / 1_000);
/** Claims of a token that holds. */
export const claims = (changes: Record<string, unknown> = {}) => ({
  iss: testIssuer,
  aud: testAudience,
  sub: newUser().userId,
  iat: now,
  exp: now + 600,
  ...changes,
});

/** Tokens that are wrong with every kind of signature. */
export function forgeriesOf({ sign }: Signer): Forgery[] {
  const badClaims: [string, unknown][] = [
    ["expired", claims({ exp: now - 1 })],
    ["without exp", claims({ exp: undefined })],
    ["with exp as text", claims({ exp: String(now + 600) })],
    ["with no exp but null", claims({ exp: null })],
    ["not valid yet", claims({ nbf: now + 60 })],
    ["with nbf as text", claims({ nbf: "yesterday" })],
    ["with iat as text", claims({ iat: "today" })],
    ["of another issuer", claims({ iss: "somebody" })],
    ["of ours among issuers", claims({ iss: [testIssuer] })],
    ["without issuer", claims({ iss: undefined })],
    ["for another audience", claims({ aud: "somebody" })],
    ["for other audiences", claims({ aud: ["somebody", `${testAudience}x`] })],
    ["for nobody", claims({ aud: [] })],
    ["without audience", claims({ aud: undefined })],
    ["without sub", claims({ sub: undefined })],
    ["with an empty sub", claims({ sub: "" })],
    ["with a blank sub", claims({ sub: " \n" })],
    ["with a sub that cannot be kept", claims({ sub: "a\u0000b" })],
    ["with half a sub", claims({ sub: "a\ud800" })],
    ["with a list for a sub", claims({ sub: ["a"] })],
    ["with a number for a sub", claims({ sub: 1 })],
    ["with an object for a sub", claims({ sub: { toString: "a" } })],
    ["with true for a sub", claims({ sub: true })],
    ["with a sub of 256", claims({ sub: "x".repeat(256) })],
    ["with a sub of 5 KB", claims({ sub: "x".repeat(5_000) })],
    ["whose payload is a list", [claims()]],
    ["whose payload is null", null],
    ["whose payload is text", "x"],
    ["whose payload is no JSON", new Uint8Array([1, 2])],
    ["whose payload is no UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["whose payload is empty", new Uint8Array()],
  ];
  const badHeaders: [string, Record<string, unknown>][] = [
    ["with a header of 8 KB", { x: "k".repeat(8_192) }],
    ["with a critical extension", { crit: ["x"], x: 1 }],
  ];
  const relabelled: [string, unknown][] = [
    ...["none", "None", "NONE", "nOnE", "none ", "", "HS256 ", "hs256", "RS1", "A128KW", "constructor"].map(
      (alg): [string, unknown] => [`with alg ${JSON.stringify(alg)}`, { alg }],
    ),
    ["without alg", {}],
    ["with alg null", { alg: null }],
    ["with a list for alg", { alg: ["HS256", "RS256"] }],
    ["whose header is a list", []],
    ["whose header is null", null],
    ["whose header is text", "HS256"],
  ];
  const parts = async () => (await sign(claims())).split(".");
  return [
    ...badClaims.map(([what, payload]): Forgery => [what, () => sign(payload)]),
    ...badHeaders.map(([what, header]): Forgery => [what, () => sign(claims(), header)]),
    ...relabelled.flatMap(([what, header]): Forgery[] => [
      [`${what}, signed`, async () => [encode(header), ...(await parts()).slice(1)].join(".")],
      [`${what}, unsigned`, () => `${encode(header)}.${encode(claims())}.`],
    ]),
    ["with a payload that was changed", async () => (await parts()).with(1, encode(claims())).join(".")],
    ["without its signature", async () => (await parts()).slice(0, 2).join(".")],
    ["with an empty signature", async () => (await parts()).with(2, "").join(".")],
    ["with half its signature", async () => (await parts()).join(".").slice(0, -20)],
    ["with a part too many", async () => `${(await parts()).join(".")}.x`],
    ["truncated in its payload", async () => (await sign(claims())).slice(0, 60)],
    ["of dots", () => "...."],
    ["in another alphabet", async () => `${(await sign(claims())).replaceAll(".", "%2E")}`],
    ["encrypted", () => [{ alg: "dir", enc: "A256GCM" }, "", "iv", "text", "tag"].map(encode).join(".")],
    ["signed by a key it brings along", bringOwnKey],
    ["signed by a key it says where to find", () => forgeWithOwnKey({ jku: "https://evil.example/keys" })],
    ["signed by a key whose id is a path", () => forgeWithOwnKey({ kid: "../../../dev/null" })],
  ];
}

const ownKeys = await generateKeyPair("ES256", { extractable: true });

const forgeWithOwnKey = (header: Record<string, unknown>) =>
  signWith({ alg: "ES256", ...header }, claims(), ownKeys.privateKey);

async function bringOwnKey(): Promise<string> {
  return forgeWithOwnKey({ jwk: await exportJWK(ownKeys.publicKey) });
}

/** What is wrong where tokens are signed with a shared secret. */
export const secretForgeries: Forgery[] = [
  ["of another secret", () => signWith({ alg: "HS256" }, claims(), new TextEncoder().encode("x".repeat(48)))],
  ["of a part of the secret", () => signWith({ alg: "HS256" }, claims(), secret.slice(0, 40))],
  ["of HS384", () => signWith({ alg: "HS384" }, claims(), secret)],
  ["of HS512", () => signWith({ alg: "HS512" }, claims(), secret)],
  ["that says it is of RS256", async () => relabel(await withSecret.sign(claims()), { alg: "RS256" })],
  ["of a key set", () => withKeySet.sign(claims())],
];

/** What is wrong where tokens are signed by an identity provider. */
export const keySetForgeries: Forgery[] = [
  ...publicForms().map(
    ([what, form]): Forgery => [
      `of the public key as a shared secret, as ${what}`,
      async () => signWith({ alg: "HS256", kid: "RS256" }, claims(), new TextEncoder().encode(await form())),
    ],
  ),
  ["of a shared secret", () => withSecret.sign(claims())],
  ["of a key that is not in the set", () => forgeWithOwnKey({ kid: "unheard-of" })],
  ["of a key that has another's name", () => forgeWithOwnKey({ kid: "ES256" })],
  ["of a key without a name", () => forgeWithOwnKey({})],
  [
    "of a key under the name of another of the set",
    () => signWith({ alg: "ES256", kid: "RS256" }, claims(), keyOf("ES256").privateKey),
  ],
  ["of a name that is no text", () => forgeWithOwnKey({ kid: 7 })],
];

function publicForms(): [string, () => Promise<string>][] {
  const { publicKey } = keyOf("RS256");
  return [
    ["PEM", () => exportSPKI(publicKey)],
    ["PEM with its last line ended", async () => `${await exportSPKI(publicKey)}\n`],
    ["JWK", async () => JSON.stringify(await exportJWK(publicKey))],
    ["modulus", async () => (await exportJWK(publicKey)).n ?? ""],
  ];
}

const relabel = (token: string, header: unknown) => token.replace(/^[^.]+/, encode(header));
