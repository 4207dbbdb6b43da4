import type { Answer, Json } from "./api.ts";

/** Walks a list to its end as a client would; gives what stood on each page. */
export async function walkPages(
  client: { get: (path: string) => Promise<Answer> },
  list: string,
  limit: number,
): Promise<Json[][]> {
  const pages: Json[][] = [];
  for (let after: string | null = null; ; ) {
    const { status, body, text }: Answer = await client.get(
      `${list}${list.includes("?") ? "&" : "?"}limit=${limit}${after === null ? "" : `&after=${after}`}`,
    );
    if (status !== 200) throw new Error(`expected 200, got ${status}: ${text}`);
    pages.push(body.data);
    if (!body.has_more) return pages;
    after = body.last_id;
  }
}
