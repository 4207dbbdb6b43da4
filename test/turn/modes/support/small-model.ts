import type { JournalEntry } from "../../../support/models.ts";

/** A catalog entry of the tests' own, with a window that fills up soon. */
export function ownModel(alias: string, contextWindow: number) {
  return { alias, provider: "own", model: `own/${alias}`, context_window: contextWindow, multiplier: 1 };
}

export const tinyWindow = 8_192;
/** ⌊0.20 · 8,192⌋, the larger of 1,024 and ⌊0.05 · 8,192⌋, and what is left. */
export const tinyBudget = { output: 1_638, overhead: 1_024, input: 5_530 };

/** Settings that add `tiny` to the catalog and let it write the summaries. */
export function tinySettings(more: Record<string, string> = {}): Record<string, string> {
  return {
    MODELS_JSON: JSON.stringify([ownModel("tiny", tinyWindow)]),
    SUMMARIZER_MODEL_ALIAS: "tiny",
    // Nothing is dropped for being slow on a busy machine.
    SUMMARY_GRACE_MS: "60000",
    ...more,
  };
}

/** Settings that add `tiny` as well, and a summarizer that has no room for a summary: none is ever made. */
export const tooSmallSummarizer = {
  MODELS_JSON: JSON.stringify([ownModel("tiny", tinyWindow), ownModel("tiniest", 2_048)]),
  SUMMARIZER_MODEL_ALIAS: "tiniest",
};

/** A text of so many characters, four to a token as the model server counts them; begins with `mark`. */
export function textOf(characters: number, mark = ""): string {
  return `${mark} `.padEnd(characters - 1, "oar sea ").concat(".");
}

/** What the provider counts for a call's prompt and what the call asks for on top. Tokens. */
export function windowUsed({ usage, body }: JournalEntry): number {
  return (usage?.prompt_tokens ?? Number.NaN) + Number(body.max_tokens);
}
