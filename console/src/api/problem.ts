import { formatCredits } from "../parts/format.ts";
import type { Problem } from "./types.ts";

/** What the API refused, or why it could not be asked. Every failed call throws one. */
export class ApiError extends Error {
  readonly problem: Problem;
  /** Seconds after which it may be tried again. */
  readonly retryAfterS: number | undefined;

  constructor(problem: Problem, retryAfterS?: number) {
    super(problem.detail);
    this.name = "ApiError";
    this.problem = problem;
    this.retryAfterS = retryAfterS;
  }
}

export async function readProblem(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get("Retry-After"));
  const retryAfterS = wait > 0 ? wait : undefined;
  const isProblem = /problem\+json/.test(response.headers.get("Content-Type") ?? "");
  const problem = isProblem ? await response.json().catch(() => undefined) : undefined;
  return new ApiError(problem ?? plainProblem(response.status), retryAfterS);
}

export function unreachable(): ApiError {
  return new ApiError({
    status: 0,
    code: "unreachable",
    title: "The server does not answer",
    detail: "Check your connection, and that the server runs.",
  });
}

export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  // A browser reports a connection that cannot be made, or that broke, as a TypeError.
  if (error instanceof TypeError) return unreachable();
  const detail = error instanceof Error ? error.message : String(error);
  return new ApiError({ status: 0, code: "console_error", title: "The console failed", detail });
}

function plainProblem(status: number): Problem {
  const title = `The server answered ${status}`;
  return { status, code: `http_${status}`, title, detail: "Try again in a moment." };
}

export type Words = { title: string; text: string };

/** A problem in words that say what to do. A code without words of its own has those of the server. */
export function explain({ problem, retryAfterS }: ApiError): Words {
  const wait = retryAfterS === undefined ? "in a moment" : `in ${retryAfterS} s`;
  switch (problem.code) {
    case "unreachable":
      return { title: problem.title, text: `${problem.detail} Nothing you wrote is lost.` };
    case "unauthorized":
      return { title: "You are signed out", text: "Your token is not valid any more. Sign in again." };
    case "turn_conflict":
    case "turn_in_progress":
      return {
        title: "The agents are still answering",
        text: `Your message is kept. Send it again ${wait}.`,
      };
    case "rate_limited":
      return { title: "Too many requests in a minute", text: `Your message is kept. Send it again ${wait}.` };
    case "budget_exhausted":
      return { title: "The credits are used up", text: budgetWords(problem) };
    case "budget_in_use":
      return { title: "The credits are held by running turns", text: `Your message is kept. Try ${wait}.` };
    case "no_valid_tagged_agents":
      return { title: "No agent is tagged", text: "Type @ and choose who shall answer, or change the mode." };
    case "no_room_agents":
      return { title: "The room has no agents", text: "Add an agent first." };
    case "database_unavailable":
    case "commit_failed":
      return { title: problem.title, text: `Nothing was lost. Try again ${wait}.` };
    default:
      return { title: problem.title, text: problem.detail };
  }
}

function budgetWords({ scope, limit, spent, resets_at: resets }: Problem): string {
  const whose = typeof scope === "string" ? ` of this ${scope === "user" ? "account" : scope}` : "";
  const used =
    limit === undefined
      ? ""
      : `: ${formatCredits(String(spent))} of ${formatCredits(String(limit))} credits are spent`;
  const until =
    typeof resets === "string"
      ? `They return on ${new Date(resets).toLocaleString()}.`
      : "Ask an operator for more.";
  return `The budget${whose} does not pay for another turn${used}. ${until} Your message is kept.`;
}
