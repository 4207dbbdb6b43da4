import { estimateTokens } from "../../../src/domain/context/token-estimate.ts";
import type { FixtureOptions } from "../../support/turn-fixture.ts";
import { createToolFixture, textsOf } from "./tool-fixture.ts";

type StoredFile = {
  name?: string;
  status?: string;
  errorCode?: string;
  roomId?: string;
  userId?: string;
  /** Pages of the document, where they are more than those that were read. */
  pageCount?: number;
};

export type FileFixture = Awaited<ReturnType<typeof createFileFixture>>;

/** A fixture whose agents may read files. `permissions`: default `file_read` for everybody. */
export async function createFileFixture(
  options: FixtureOptions & { permissions?: Readonly<Record<string, readonly string[]>> } = {},
) {
  const agents = options.agents ?? ["ada"];
  const keys = agents.map((agent) => (typeof agent === "string" ? agent : agent.key));
  const permissions = Object.fromEntries(keys.map((key) => [key, ["file_read"]]));
  const fixture = await createToolFixture({ permissions, ...options });
  const { sql, roomId, owner } = fixture;
  let files = 0;
  return {
    ...fixture,
    /** Stores a file as the parser would. @returns its id. */
    async addFile(pages: readonly string[], file: StoredFile = {}): Promise<string> {
      const id = crypto.randomUUID();
      const isReady = (file.status ?? "ready") === "ready";
      const rows = pages.map((text, index) => ({ page: index + 1, text, tokens: estimateTokens(text) }));
      files += 1;
      await sql.transaction([
        sql`insert into files (id, room_id, user_id, name, media_type, bytes, sha256, status, attempt, ready_attempt,
            page_count, pages_read, tokens, error_code, preview, created_at, pending_since)
          values (${id}, ${file.roomId ?? roomId}, ${file.userId ?? owner.userId}, ${file.name ?? "report.pdf"},
            'application/pdf', 10, ${id}, ${file.status ?? "ready"}, 1, ${isReady ? 1 : null},
            ${isReady ? (file.pageCount ?? pages.length) : null}, ${isReady ? pages.length : null},
            ${isReady ? rows.reduce((sum, { tokens }) => sum + tokens, 0) : null}, ${file.errorCode ?? null},
            ${isReady ? pages.join("\n").slice(0, 300) : null},
            now() + ${files} * interval '1 second', now())`,
        sql`insert into file_pages (file_id, attempt, page, text, tokens)
          select ${id}::uuid, 1, p.page, p.text, p.tokens
          from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as p(page int, text text, tokens int)`,
      ]);
      return id;
    },
    /** The tools' results in the model's nth call, from 1: JSON, without its fence. */
    async told(call: number) {
      const texts = textsOf((await fixture.models.journal())[call - 1], "tool");
      return texts.map((text) => JSON.parse(unfence(text)));
    },
  };
}

/** The text within the fence of a tool's result; an error has none. */
export function unfence(text: string): string {
  return /<(untrusted_text_\d+) source="[^"]*">\n(.*)\n<\/\1>$/s.exec(text)?.[2] ?? text;
}

/** Words that a page is filled with, about a token each. */
export function words(count: number, word = "word"): string {
  return Array.from({ length: count }, (_, n) => (n % 20 === 19 ? `${word}.` : word)).join(" ");
}
