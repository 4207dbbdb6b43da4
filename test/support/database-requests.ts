import { neonConfig } from "@neondatabase/serverless";

export type DatabaseRequest = {
  /** From 1. */
  n: number;
  /** Bytes of the answer's body. */
  answerBytes: number;
};

type Ask = () => Promise<Response>;

/**
 * Watches what `work` asks of the database. `answer` may come between: it asks for the real answer, or does
 * not, and gives what the driver is to see instead.
 */
export async function watchDatabase<T>(
  work: () => Promise<T>,
  answer: (ask: Ask, n: number) => Promise<Response> = (ask) => ask(),
): Promise<{ result: T; requests: DatabaseRequest[] }> {
  const requests: DatabaseRequest[] = [];
  neonConfig.fetchFunction = async (...args: Parameters<typeof fetch>) => {
    const request: DatabaseRequest = { n: requests.length + 1, answerBytes: 0 };
    requests.push(request);
    const response = await answer(() => fetch(...args), request.n);
    request.answerBytes = (await response.clone().arrayBuffer()).byteLength;
    return response;
  };
  try {
    return { result: await work(), requests };
  } finally {
    neonConfig.fetchFunction = undefined;
  }
}

/** An `answer` by which the database does what it is asked, and its answers to these requests are lost. */
export function losingAnswers(...lost: number[]) {
  return async (ask: Ask, n: number): Promise<Response> => {
    const response = await ask();
    if (!lost.includes(n)) return response;
    await response.arrayBuffer();
    throw new TypeError("the connection was lost");
  };
}

/** An `answer` by which these requests never reach the database. */
export function failing(...failed: number[]) {
  return async (ask: Ask, n: number): Promise<Response> =>
    failed.includes(n) ? new Response("bad gateway", { status: 502 }) : ask();
}
