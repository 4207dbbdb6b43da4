import { mintToken } from "../../../dev/mint-token.ts";

/** What the testbed's Workers check tokens with. */
export const auth = {
  secret: "only-for-faults-0123456789abcdef0123456789abcdef",
  issuer: "pantheon-faults",
  audience: "pantheon",
};

/** An answer of the API; `status` 0: there was none, the connection broke. */
export type Answer = { status: number; body: Body; headers: Headers };
/** Loosely typed on purpose: a scenario looks at what it needs. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Body = any;

export type Call = { body?: unknown; headers?: Readonly<Record<string, string>>; signal?: AbortSignal };

/** One person with a token, who talks to whichever Worker is there. */
export type User = {
  /** The bare response, for streams. Rejects where there is none. */
  open(workerUrl: string, method: string, path: string, call?: Call): Promise<Response>;
  /** Never rejects: what got no whole answer has status 0. */
  call(workerUrl: string, method: string, path: string, call?: Call): Promise<Answer>;
};

export async function createUser(userId: string): Promise<User> {
  const token = await mintToken(auth, { sub: userId, email: `${userId}@example.com` });
  const open = (workerUrl: string, method: string, path: string, { body, headers, signal }: Call = {}) =>
    fetch(`${workerUrl}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  return {
    open,
    async call(workerUrl, method, path, options) {
      try {
        const response = await open(workerUrl, method, path, options);
        const text = await response.text();
        return {
          status: response.status,
          body: text === "" ? null : JSON.parse(text),
          headers: response.headers,
        };
      } catch {
        return { status: 0, body: null, headers: new Headers() };
      }
    },
  };
}
