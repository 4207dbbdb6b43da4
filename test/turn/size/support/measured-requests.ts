import { watchDatabase } from "../../../support/database-requests.ts";

/** Neon's limit, for a request as for an answer. */
export const neonLimitBytes = 10 * 1_024 * 1_024;

/** What `work` sent to the database and was answered, in bytes. */
export async function measureRequests<T>(work: () => Promise<T>) {
  const sent: number[] = [];
  const { result, requests } = await watchDatabase(work, (ask, _n, body) => {
    sent.push(new TextEncoder().encode(body).byteLength);
    return ask();
  });
  return {
    result,
    requests: sent.length,
    sentBytes: sent.reduce((sum, bytes) => sum + bytes, 0),
    maxSent: Math.max(...sent),
    maxAnswer: Math.max(...requests.map(({ answerBytes }) => answerBytes)),
  };
}

/** An answer by which the database takes no request whose statements hold this and that is larger than that. */
export function tooLargeFor(part: string, maxBytes: number) {
  const refused: number[] = [];
  const answer = async (ask: () => Promise<Response>, _n: number, body: string): Promise<Response> => {
    const bytes = new TextEncoder().encode(body).byteLength;
    if (!body.includes(part) || bytes <= maxBytes) return ask();
    refused.push(bytes);
    return Response.json({ message: `request is too large (max is ${maxBytes} bytes)` }, { status: 413 });
  };
  return { answer, refused };
}
