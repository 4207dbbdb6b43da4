import type { ModelAnswer } from "../../../dev/model-server/answer.ts";
import { type ChatCall, transcriptOf } from "../../../dev/model-server/chat-call.ts";

/** What a call must be like for a rule to answer it; what is left out fits every call. */
export type ModelMatch = {
  model?: string;
  /** Stands somewhere in the texts of the messages; of several, each does. */
  contains?: string | readonly string[];
  /** The nth call, from 1, that fits the rest of this match. */
  call?: number;
};

export type ModelRule = { match?: ModelMatch; answer: ModelAnswer };

/**
 * The first rule that fits answers; `default` where none does, and without one `ok from <model>`, which for a
 * summary has the form that it must have.
 */
export type ModelScript = { rules?: ModelRule[]; default?: ModelAnswer };

/** Gives the answer to each call in turn. Every rule counts the calls that fit it, also those another answered. */
export function followScript(script: ModelScript): (call: ChatCall) => ModelAnswer {
  const seen = new Map<ModelRule, number>();
  return (call) => {
    const transcript = transcriptOf(call);
    let chosen: ModelRule | undefined;
    for (const rule of script.rules ?? []) {
      const { model, contains = [], call: nth } = rule.match ?? {};
      if (model !== undefined && model !== call.model) continue;
      if (![contains].flat().every((text) => transcript.includes(text))) continue;
      const count = (seen.get(rule) ?? 0) + 1;
      seen.set(rule, count);
      if (nth === undefined || nth === count) chosen ??= rule;
    }
    return chosen?.answer ?? script.default ?? { text: plainAnswer(call) };
  };
}

function plainAnswer({ model, messages }: ChatCall): string {
  const answer = `ok from ${model}`;
  const isSummary = JSON.stringify(messages[0]).includes("summary_text");
  return isSummary ? JSON.stringify({ summary_text: answer }) : answer;
}
