import { exportJWK, type GenerateKeyPairResult, generateKeyPair } from "jose";
import { createTokenVerifier } from "../../src/http/auth.ts";
import { createTestApi, testAudience, testIssuer } from "./api.ts";

export const jwksUrl = "https://id.example/keys";
export const keySetAlgorithms = ["RS256", "PS256", "ES256", "EdDSA"];

const keyPairs = new Map<string, GenerateKeyPairResult>();
for (const alg of keySetAlgorithms) keyPairs.set(alg, await generateKeyPair(alg, { extractable: true }));

/** An identity provider's key set as it is sent: a key for each algorithm, which is its `kid` as well. */
export const keySet = JSON.stringify({
  keys: await Promise.all(
    [...keyPairs].map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), alg, kid: alg })),
  ),
});

export function keyOf(alg: string): GenerateKeyPairResult {
  const pair = keyPairs.get(alg);
  if (pair === undefined) throw new Error(`no key for ${alg}`);
  return pair;
}

/** An application that takes its keys from `answer`, and what was fetched for it. */
export function createKeySetApi(answer: () => Promise<Response> | Response = () => new Response(keySet)) {
  const fetched: string[] = [];
  const verifyToken = createTokenVerifier(
    {
      issuer: testIssuer,
      audience: testAudience,
      keys: { jwksUrl },
      adminClaim: "roles",
      adminRole: "pantheon-admin",
    },
    async (url) => {
      fetched.push(url);
      return answer();
    },
  );
  return { api: createTestApi({ deps: { verifyToken } }), fetched };
}
