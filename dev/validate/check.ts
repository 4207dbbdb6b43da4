import { isDeepStrictEqual } from "node:util";
import type * as z from "zod";
import { glimpse } from "../glimpse.ts";
import type { Answer, ApiClient } from "./api-client.ts";

const maxShownLength = 200;

/** What a check leaves to show: ids, statuses, figures. */
export type Evidence = Record<string, string | number>;

/** The room and the session that checks share; made by the first check that needs them. */
export type Place = { roomId: string; sessionId: string };

export type Stage = {
  api: ApiClient;
  /** Of the room's agents. */
  modelAlias: string;
  /** A UUID. */
  newId(): string;
  place: Place | undefined;
  /** Paths of what was made, for the cleanup; what is in a room goes with it. */
  made: string[];
};

export type Check = { name: string; run(stage: Stage): Promise<Evidence> };

/** Says why a check has not held. Its message is for the operator, in one line. */
export class Miss extends Error {}

export function requirePlace({ place }: Stage): Place {
  if (place === undefined) throw new Miss("there is no room to try it in");
  return place;
}

/** An answer's body by its schema, once its status is the one that it should have. */
export function expectAnswer<T extends z.ZodType>(answer: Answer, status: number, schema: T): z.output<T> {
  if (answer.status !== status) {
    throw new Miss(`${nameOf(answer)} answered ${answer.status}, not ${status}: ${glimpseOf(answer.body)}`);
  }
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Miss(`${nameOf(answer)}: ${issue?.path.join(".") || "the body"}: ${issue?.message}`);
}

export function expectEqual(what: string, found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  const [is, should] = [found, expected].map((value) =>
    glimpse(JSON.stringify(value) ?? "nothing", maxShownLength),
  );
  throw new Miss(`${what} is ${is}, not ${should}`);
}

function nameOf({ method, path }: Answer): string {
  return `${method} ${path}`;
}

function glimpseOf(body: unknown): string {
  return glimpse(typeof body === "string" ? body : JSON.stringify(body), maxShownLength);
}
