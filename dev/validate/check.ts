import { isDeepStrictEqual } from "node:util";
import type * as z from "zod";
import { truncate } from "../truncate.ts";
import type { Answer, ApiClient } from "./api-client.ts";

const maxShownLength = 200;

/** Ids, statuses and figures that a check found. */
export type Evidence = Record<string, string | number>;

/** The room and the session that checks share. The first check creates them. */
export type RoomFixture = { roomId: string; sessionId: string };

export type CheckContext = {
  api: ApiClient;
  /** Of the room's agents. */
  modelAlias: string;
  /** A UUID. */
  newId(): string;
  pause(ms: number): Promise<void>;
  fixture: RoomFixture | undefined;
  /** Paths of what was created, for the cleanup. Deleting a room deletes what is in it. */
  created: string[];
};

export type Check = { name: string; run(context: CheckContext): Promise<Evidence> };

/** The reason why a check failed: one line for the operator. */
export class CheckFailed extends Error {}

export function requireFixture({ fixture }: CheckContext): RoomFixture {
  if (fixture === undefined) throw new CheckFailed("there is no room for this check");
  return fixture;
}

/** An answer's body by its schema, once its status is the one that it should have. */
export function expectAnswer<T extends z.ZodType>(answer: Answer, status: number, schema: T): z.output<T> {
  if (answer.status !== status) {
    throw new CheckFailed(
      `${nameOf(answer)} answered ${answer.status}, not ${status}: ${showBody(answer.body)}`,
    );
  }
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CheckFailed(`${nameOf(answer)}: ${issue?.path.join(".") || "the body"}: ${issue?.message}`);
}

export function expectEqual(what: string, found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  const [is, should] = [found, expected].map((value) =>
    truncate(JSON.stringify(value) ?? "nothing", maxShownLength),
  );
  throw new CheckFailed(`${what} is ${is}, not ${should}`);
}

function nameOf({ method, path }: Answer): string {
  return `${method} ${path}`;
}

function showBody(body: unknown): string {
  return truncate(typeof body === "string" ? body : JSON.stringify(body), maxShownLength);
}
