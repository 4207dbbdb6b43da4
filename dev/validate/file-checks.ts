import type * as z from "zod";
import { file, filePages } from "../../src/routes/schemas/file.ts";
import { makePdf } from "../pdf.ts";
import {
  type Check,
  type CheckContext,
  CheckFailed,
  expectAnswer,
  expectEqual,
  requireFixture,
} from "./check.ts";

type StoredFile = z.output<typeof file>;

const pageTexts = ["The launch is in May.", "Ada signs it off."];
const pollMs = 500;
/** A message that is lost is sent again after two minutes. */
const maxParseMs = 180_000;

/** A file is uploaded, parsed by the other Worker and read; one that is broken ends with the reason. */
export const fileChecks: readonly Check[] = [
  {
    name: "parse success",
    async run(context) {
      const { parsed, parseMs } = await uploadAndParse(context, "plan.pdf", await makePdf(pageTexts));
      expectEqual("status", [parsed.status, parsed.error?.code], ["ready", undefined]);
      const path = `/files/${parsed.id}/pages`;
      const { data } = expectAnswer(await context.api.send({ method: "GET", path }), 200, filePages);
      expectEqual(
        "the text of its pages",
        data.map(({ text }) => text),
        pageTexts,
      );
      return { file: parsed.id, pages: data.length, parse_ms: parseMs };
    },
  },
  {
    name: "parse failure",
    async run(context) {
      const broken = new TextEncoder().encode("%PDF-1.7\nThis is all there is.\n");
      const { parsed, parseMs } = await uploadAndParse(context, "broken.pdf", broken);
      expectEqual("error", [parsed.status, parsed.error?.code], ["failed", "file_unreadable"]);
      return { file: parsed.id, error: parsed.error?.code ?? "none", parse_ms: parseMs };
    },
  },
];

async function uploadAndParse(
  context: CheckContext,
  name: string,
  bytes: Uint8Array,
): Promise<{ parsed: StoredFile; parseMs: number }> {
  const { api, pause } = context;
  const { roomId } = requireFixture(context);
  const path = `/rooms/${roomId}/files?name=${name}`;
  const { id } = expectAnswer(await api.send({ method: "POST", path, bytes }), 201, file);
  for (let parseMs = 0; parseMs < maxParseMs; parseMs += pollMs) {
    const read = expectAnswer(await api.send({ method: "GET", path: `/files/${id}` }), 200, file);
    if (read.status === "ready" || read.status === "failed") return { parsed: read, parseMs };
    await pause(pollMs);
  }
  throw new CheckFailed(
    `${name} was not parsed within ${maxParseMs / 1_000} s. Does the parser's Worker run?`,
  );
}
