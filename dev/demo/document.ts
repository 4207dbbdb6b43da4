import { setTimeout as sleep } from "node:timers/promises";
import type * as z from "zod";
import { file, filePages } from "../../src/routes/schemas/file.ts";
import { makePdf } from "../pdf.ts";
import { truncate } from "../truncate.ts";
import { type Access, callApi } from "./api.ts";

type StoredFile = z.output<typeof file>;

const documentName = "launch-handbook.pdf";
const pageCount = 200;
/** Pages that answer questions, by number. All others are forms. */
const answers: Readonly<Record<number, string>> = {
  1: "Launch plan\n\nThe beta opens on Friday at 10:00. Ada decides, Linus is on call.",
  48: "Before the launch\n\nThe database is restored from its backup once, and the time it took is written down.",
  95: "At the launch\n\nOne user in ten gets the beta. The share grows when an hour has passed without an alarm.",
  137: "After the launch\n\nA bad release is taken back within 15 minutes; nobody repairs it in place.",
};
const shownPages = 3;
const pollMs = 200;
const maxParseMs = 60_000;
const maxLineLength = 100;

/** Uploads a PDF of 200 pages into a room and waits until it is parsed. Gives lines about it, with the text of its first pages. */
export async function uploadDocument(access: Access, roomId: string): Promise<string[]> {
  const bytes = await makePdf(Array.from({ length: pageCount }, (_, index) => writePage(index + 1)));
  const path = `/rooms/${roomId}/files?name=${documentName}`;
  const startedMs = performance.now();
  const { id } = await callApi(access, { method: "POST", path, bytes }, file);
  const parsed = await untilParsed(access, id);
  const parseMs = performance.now() - startedMs;
  if (parsed.status !== "ready")
    throw new Error(`${documentName} is ${parsed.status}: ${parsed.error?.message}`);
  const { data } = await callApi(
    access,
    { method: "GET", path: `/files/${id}/pages?to=${shownPages}` },
    filePages,
  );
  return [
    `${parsed.name}: ${parsed.bytes} bytes, ${parsed.page_count} pages, ${parsed.tokens} tokens, parsed after ${parseMs.toFixed(0)} ms`,
    ...data.map(({ page, text }) => `  page ${page} │ ${truncate(text, maxLineLength)}`),
  ];
}

function writePage(page: number): string {
  const form = Array.from(
    { length: 30 },
    (_, line) => `Check ${page}.${line + 1}: done by ________ on ________`,
  );
  return answers[page] ?? `Form ${page}\n\n${form.join("\n")}`;
}

/** Polls until the parser has finished the file, whether it could read it or not. */
async function untilParsed(access: Access, id: string): Promise<StoredFile> {
  for (let waitedMs = 0; waitedMs < maxParseMs; waitedMs += pollMs) {
    const read = await callApi(access, { method: "GET", path: `/files/${id}` }, file);
    if (read.status === "ready" || read.status === "failed") return read;
    await sleep(pollMs, undefined, { signal: access.signal });
  }
  throw new Error(`${documentName} was not parsed within ${maxParseMs / 1_000} s.`);
}
