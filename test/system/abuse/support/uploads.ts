import * as fc from "fast-check";
import { oddText } from "./odd-values.ts";
import type { FuzzedRequest } from "./requests.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** Files that are taken, files that no parser reads, and none at all. */
const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ minLength: 1, maxLength: 2_000, unit: "grapheme" }).map(encode) },
  fc.string({ maxLength: 200 }).map((text) => encode(`%PDF-1.7\n${text}`)),
  fc.uint8Array({ maxLength: 2_000 }).map((rest) => Uint8Array.from([0x50, 0x4b, 0x03, 0x04, ...rest])),
  fc.uint8Array({ maxLength: 2_000 }),
);

const name = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom("a.txt", "plan.md", "table.csv", "page.html", "report.pdf", "notes.docx"),
  },
  oddText,
);

/** Most uploads say their length truly, as every client does, and have a name. */
export function uploadsOf(requests: fc.Arbitrary<FuzzedRequest>): fc.Arbitrary<FuzzedRequest> {
  const isTrue = fc.integer({ min: 0, max: 5 }).map((die) => die > 0);
  return fc.record({ request: requests, bytes, name, isTrue }).map(({ request, bytes, name, isTrue }) => {
    const body = Uint8Array.from(bytes);
    if (!isTrue) return { ...request, body };
    const truth = { "Content-Type": "application/octet-stream", "Content-Length": String(body.length) };
    return { ...request, body, query: [["name", name]], headers: { ...request.headers, ...truth } };
  });
}
