import { mintToken } from "../../../../dev/mint-token.ts";
import { type Connection, connect } from "./connection.ts";

/** What the testbed's Workers check tokens with. */
export const auth = {
  secret: "only-for-faults-0123456789abcdef0123456789abcdef",
  issuer: "pantheon-faults",
  audience: "pantheon",
};

/** An answer of the API; `status` 0: there was none, the connection broke. */
export type Answer = { status: number; body: Body; headers: Headers };
/** Loosely typed on purpose: a scenario reads the fields it needs. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Body = any;

export type Call = {
  /** Sent as JSON, or `text` as it is. */
  body?: unknown;
  text?: string | undefined;
  headers?: Readonly<Record<string, string>>;
};

/** One user with a token. Any Worker can be called. */
export type User = {
  id: string;
  /** For a client that may leave early. */
  open(workerUrl: string, method: string, path: string, call?: Call): Connection;
  /** Never rejects. Status 0: there was no complete answer. */
  call(workerUrl: string, method: string, path: string, call?: Call): Promise<Answer>;
};

export async function createUser(userId: string): Promise<User> {
  const token = await mintToken(auth, { sub: userId, email: `${userId}@example.com` });
  const describe = ({ body, text, headers }: Call) => ({
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
    body: text ?? (body === undefined ? "" : JSON.stringify(body)),
  });
  const urlOf = (workerUrl: string, path: string) =>
    path.startsWith("/v1/") ? workerUrl + path : `${workerUrl}/api/v1${path}`;
  return {
    id: userId,
    open: (workerUrl, method, path, call = {}) =>
      connect(urlOf(workerUrl, path), { method, ...describe(call) }),
    async call(workerUrl, method, path, call = {}) {
      try {
        const { headers, body } = describe(call);
        const init = { method, headers, ...(body === "" ? {} : { body }) };
        const response = await fetch(urlOf(workerUrl, path), init);
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
