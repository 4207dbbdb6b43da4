import type * as z from "zod";
import { agent } from "../../src/routes/schemas/agent.ts";
import { file, filePages } from "../../src/routes/schemas/file.ts";
import { room } from "../../src/routes/schemas/room.ts";
import { makePdf } from "../pdf.ts";
import {
  type Check,
  type CheckContext,
  CheckFailed,
  expectAnswer,
  expectEqual,
  requireFixture,
} from "./check.ts";
import { expectCompleted } from "./turn-answers.ts";

type StoredFile = z.output<typeof file>;

const pageTexts = ["The launch is in May.", "Ada signs it off."];
const pollMs = 500;
/** A message that is lost is sent again after two minutes. */
const maxParseMs = 180_000;

/**
 * A file is uploaded, parsed by the other Worker and read; one that is broken ends with the reason. An agent is given a
 * file with the permission only.
 */
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
    name: "file deny path",
    async run(context) {
      const turn = await askAboutFile(context, ["search"]);
      expectEqual("file tool events", turn.tool_calls.length, 0);
      expectEqual("citations", turn.citations.length, 0);
      return { turn: turn.id };
    },
  },
  {
    name: "file allow path",
    async run(context) {
      const turn = await askAboutFile(context, ["file_read"]);
      const events = turn.tool_calls.map(({ agent_key, tool_name, status }) => [
        agent_key,
        tool_name,
        status,
      ]);
      expectEqual("file tool events", events, [["ada", "file_read", "success"]]);
      const pages = turn.citations.map(({ page }) => page);
      expectEqual("cited pages", pages, [1, 2]);
      return { turn: turn.id, citations: pages.length };
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

/** Posts a turn that attaches the file, to an agent with these permissions. */
async function askAboutFile(context: CheckContext, permissions: readonly string[]) {
  const { api } = context;
  const fixture = requireFixture(context);
  const path = `/rooms/${fixture.roomId}/agents/ada`;
  const body = { tool_permissions: permissions };
  expectAnswer(await api.send({ method: "PATCH", path, body }), 200, agent);
  const mode = await api.send({
    method: "PATCH",
    path: `/rooms/${fixture.roomId}/mode`,
    body: { mode: "tag" },
  });
  expectAnswer(mode, 200, room);
  const [answer] = await api.postTurns([{ ...fixture, message: "@ada file:plan.pdf who signs it off?" }]);
  return expectCompleted(answer);
}

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
