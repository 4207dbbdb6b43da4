import type { CatalogModel } from "../../domain/catalog.ts";
import type { PromptMessage } from "../../domain/context/prompt.ts";
import type { OverheadCall } from "../../domain/turn/turn-outcome.ts";
import type { NodeContext } from "../graph/node-context.ts";
import { plainCall } from "../model/model-port.ts";
import { toOverheadCalls } from "./call-records.ts";
import { requireWhole } from "./whole-answer.ts";

/** What a run does for itself beside the agents: a summary, a title. */
export type OverheadRun<Made> = {
  /** Waits at most `graceMs` for work that is not done, then drops it. Work that was dropped has not failed. */
  settle(graceMs: number): Promise<OverheadResult<Made>>;
  /** Aborts what is still in flight. */
  stop(): void;
};

export type OverheadResult<Made> = { made: Made | null; hasFailed: boolean; overhead: OverheadCall[] };

export type SummarizerCall = Pick<NodeContext, "ports" | "signal"> & {
  model: CatalogModel;
  overhead: OverheadCall[];
};

/**
 * Starts work that runs at the same time as the agents and outside the graph, in which a superstep waits for all its nodes.
 * Its failure never fails the turn. It is not started where the run's grant pays for no answer.
 * @param make null: the work was stopped.
 */
export function startOverhead<Made>(
  run: NodeContext,
  isDue: boolean,
  make: (call: SummarizerCall) => Promise<Made | "failed" | null>,
): OverheadRun<Made> {
  const { ports, payment } = run;
  const overhead: OverheadCall[] = [];
  const stopped = new AbortController();
  const signal = AbortSignal.any([run.signal, stopped.signal]);
  const model = ports.catalog.models.get(ports.summarizerModelAlias);
  const isStarted = isDue && payment.paysForOverhead && model !== undefined;
  const inFlight = isStarted ? make({ ports, model, signal, overhead }) : Promise.resolve(null);
  return {
    async settle(graceMs) {
      const grace = Promise.withResolvers<null>();
      const timer = setTimeout(() => grace.resolve(null), graceMs);
      const made = await Promise.race([inFlight, grace.promise]);
      clearTimeout(timer);
      if (made === "failed") return { made: null, hasFailed: true, overhead };
      if (made === null) {
        // The abort ends the call in flight, so that its tokens reach the overhead.
        stopped.abort({ code: "deadline", message: "The turn did not wait for its own work." });
        await inFlight;
      }
      return { made, hasFailed: false, overhead };
    },
    stop: () => stopped.abort({ code: "deadline", message: "The turn is over." }),
  };
}

type Question<Parsed> = {
  purpose: OverheadCall["purpose"];
  messages: PromptMessage[];
  /** At most. */
  outputTokens: number;
  /** Null: the answer breaks the contract. */
  parse: (text: string) => Parsed | null;
};

/** Adds what the call cost to `overhead`. Null: the call failed, or its answer cannot be parsed. */
export async function callSummarizer<Parsed>(
  { ports, model, signal, overhead }: SummarizerCall,
  { purpose, messages, outputTokens, parse }: Question<Parsed>,
): Promise<Parsed | null> {
  const maxOutputTokens = Math.min(outputTokens, ports.limits.maxOutputTokens);
  const answer = requireWhole(
    await ports.callModel({ ...plainCall, model, messages, maxOutputTokens, signal }),
  );
  overhead.push(...toOverheadCalls({ purpose, holder: ports.holder }, model, answer));
  const parsed = answer.ok ? parse(answer.text) : null;
  if (parsed === null) {
    const code = answer.ok ? "wrong_form" : answer.failure.code;
    if (purpose === "session_title") ports.log.warn("title_failed", { code });
    else ports.log.warn("summary_failed", { purpose, code });
  }
  return parsed;
}
