import { buildTitlePrompt, parseTitle } from "../../domain/turn/session-title.ts";
import type { NodeContext } from "../graph/node-context.ts";
import { callSummarizer, type OverheadRun, startOverhead } from "./overhead-run.ts";

/** Some models think before they answer. */
const titleOutputTokens = 512;

/** Starts the title of the session, if one is due. Without it the session is named by its first message. */
export function startTitle(run: NodeContext): OverheadRun<string> {
  const { isTitleDue, userMessage } = run.context;
  return startOverhead(run, isTitleDue, async (call) => {
    const title = await callSummarizer(call, {
      purpose: "session_title",
      messages: buildTitlePrompt(userMessage),
      outputTokens: titleOutputTokens,
      parse: parseTitle,
    });
    return title ?? "failed";
  });
}
