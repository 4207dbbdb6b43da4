import type { Context } from "hono";
import type * as z from "zod";
import { chooseChatSession } from "../actions/choose-chat-session.ts";
import { giveUpSession } from "../actions/give-up-session.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { App, AppEnv } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { limitBodyTo } from "../http/json-body.ts";
import { toCompletion } from "../http/openai/completion.ts";
import { createCompletionStream } from "../http/openai/completion-stream.ts";
import { jsonBody } from "../http/responses.ts";
import { keepUntilOver } from "./answer-run.ts";
import { toRunResult } from "./run-result.ts";
import {
  chatCompletionRequest,
  completionAnswer,
  openAiErrorContent,
  roomOfModel,
} from "./schemas/openai.ts";
import { stockQuery } from "./schemas/stock-query.ts";
import { toTurnRead } from "./schemas/turn.ts";
import { postStockTurn, type StockChoices, stockBodyBytes } from "./stock-turn.ts";
import { streamRun } from "./stream-answer.ts";
import { stockTurnProblems } from "./turn-problems.ts";

const route = defineRoute("post", "/chat/completions", "Run a turn as OpenAI's chat completion", {
  id: "createChatCompletion",
  tag: "stock clients",
  errorContent: openAiErrorContent,
  description: [
    "For clients of OpenAI's API: the room is the model, and the last user message is run.",
    "With `stream: true` the answer is OpenAI's stream of `chat.completion.chunk` objects, which ends with `[DONE]`.",
  ].join(" "),
  request: { query: stockQuery("cancel"), body: jsonBody(chatCompletionRequest) },
  responses: { 200: completionAnswer },
  problems: ["not_found", ...stockTurnProblems],
});

export function registerChatCompletionRoute(app: App, deps: Deps): void {
  app.use("/chat/completions", limitBodyTo(stockBodyBytes));
  app.openapi(route, async (c) => {
    const request = c.req.valid("json");
    const run = await postCompletion(c, deps, request, c.req.valid("query"));
    if (!request.isStream) return completeTurn(c, deps, run);
    const formFor = ({ turnId }: { turnId: string }) => ({
      write: createCompletionStream({ turnId, ...run.head }, request.includesUsage),
    });
    // The types of an operation's answers have no streams.
    return (await streamRun(c, deps, run.handle, formFor)) as never;
  });
}

type CompletionRequest = z.output<typeof chatCompletionRequest>;
type CompletionRun = Awaited<ReturnType<typeof postCompletion>>;

async function postCompletion(
  c: Context<AppEnv>,
  deps: Deps,
  request: CompletionRequest,
  choices: StockChoices,
) {
  const { model, message, messages, beginning, sessionId: named } = request;
  const head = { model, created: Math.floor(deps.nowMs() / 1_000) };
  const { user, log } = c.var;
  const roomId = roomOfModel(model);
  if (roomId === null) throw notFound();
  const { sessionId, idempotencyKey, isNew } = await chooseChatSession(deps, {
    roomId,
    userId: user.userId,
    sessionId: named,
    beginning,
    messagesHash: await deps.digest(JSON.stringify([named, messages])),
    isRepeat: Number(c.req.header("x-stainless-retry-count") ?? 0) > 0,
  });
  const posted = postStockTurn(c, deps, { sessionId, message, idempotencyKey }, choices);
  const giveUp = (refusal: unknown) => giveUpSession(deps, { sessionId, user, log }, refusal);
  return { handle: isNew ? posted.catch(giveUp) : posted, head };
}

async function completeTurn(c: Context<AppEnv>, deps: Deps, { handle, head }: CompletionRun) {
  const work = handle.then(async (run) => ({
    run,
    answer: run.kind === "replay" ? run.answer() : await run.execute(),
  }));
  keepUntilOver(deps, work);
  const { run, answer } = await work;
  if (answer.replayed) c.header("Idempotency-Replayed", "true");
  const { usage } = toRunResult(answer, run.runId);
  return c.json(toCompletion({ turnId: run.turnId, ...head }, toTurnRead(answer.stored), usage), 200);
}
