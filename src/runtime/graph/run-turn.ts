import type { RunGrant } from "../../domain/billing/run-grant.ts";
import type { TurnContext } from "../../domain/context/turn-context.ts";
import type { TurnPlan } from "../../domain/plan/turn-plan.ts";
import type { RunIdentity } from "../../domain/run-identity.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import { type CheckpointRows, noRows, type StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import { createTurnLimiter, type TurnUse } from "../../domain/turn/turn-limiter.ts";
import type { TurnOutcome } from "../../domain/turn/turn-outcome.ts";
import { RunSaver } from "../checkpoint/run-saver.ts";
import { loadProgress, type StoredRun } from "../checkpoint/stored-run.ts";
import { guardTools } from "../nodes/guarded-tools.ts";
import { startSummary } from "../nodes/summary-run.ts";
import { startTitle } from "../nodes/title-run.ts";
import { limitCalls } from "./call-limit.ts";
import type { NodeContext, TurnPorts } from "./node-context.ts";
import { type CallPayment, payForCalls } from "./pay-for-calls.ts";
import { outcomeOfProgress } from "./restore-outcome.ts";
import { compileRunGraph, recursionLimit } from "./run-graph.ts";
import { startSpending } from "./run-spending.ts";
import { isFinished, toOutcome } from "./state-outcome.ts";
import { addStateUse } from "./state-use.ts";
import { startStopwatch } from "./stopwatch.ts";

export type RunInput = {
  runId: string;
  plan: TurnPlan;
  context: TurnContext;
  identity: RunIdentity;
  /** The checkpoint of a run that is resumed. Undefined: the run is new, or nothing of it was stored. */
  stored: StoredCheckpoint | undefined;
  /** What the turn holds of its earlier runs. */
  used: TurnUse;
  isRetry: boolean;
  grant: RunGrant;
};

/** `unstored`: rows of the run's checkpoints that are still to be stored. */
export type RunTurnResult = { unstored: CheckpointRows } & (
  | { kind: "ended"; outcome: TurnOutcome }
  /** `ports.stop` stopped the run before its end. */
  | { kind: "stopped" }
);

export type RunTurn = (run: RunInput, ports: TurnPorts) => Promise<RunTurnResult>;

/** Model calls of one run that may be in flight at once, those of summary and title included. */
const maxCallsInFlight = 4;

/**
 * The entry to the runtime: runs a plan as one LangGraph graph and returns its outcome. An agent's failure is part of
 * the outcome; this throws only if the graph itself breaks.
 */
export const runTurn: RunTurn = async (input, ports) => {
  const { runId, plan, context, identity, stored, used, isRetry, grant } = input;
  const progress = await loadProgress(stored);
  if (progress !== undefined && !(progress.isWhole && progress.isCurrent)) {
    const outcome = outcomeOfProgress({ plan, progress, isRetry, isCancelled: false }, ports.newId);
    return { kind: "ended", outcome, unstored: noRows };
  }
  const deadline = startTurnDeadline(ports.turnTimeoutMs);
  const payment = startSpending(plan, grant, ports, progress?.state);
  const { timedPorts, modelMs, toolsMs } = timePorts(ports, payment);
  const signal = AbortSignal.any([deadline.signal, ports.cancel, ports.stop]);
  const run: NodeContext = {
    runId,
    plan,
    context,
    identity,
    ports: timedPorts,
    signal,
    payment,
    limiter: createTurnLimiter(
      progress === undefined ? used : addStateUse(used, progress.state),
      ports.fileTokensPerTurn,
    ),
    started: new Set(),
    flushed: () => saver.flushed(),
  };
  const saver = createSaver(run, progress);
  const overhead = startOverheadRuns(run);
  try {
    const state = await compileRunGraph(run, saver).invoke(progress === undefined ? {} : null, {
      recursionLimit: recursionLimit(plan),
      durability: "sync",
      configurable: { thread_id: runId },
    });
    const times = { modelMs: modelMs(), toolsMs: toolsMs() };
    const { calls, ...made } = await overhead.settle();
    const outcome = toOutcome(plan, state, ports.newId);
    const whole = { ...outcome, overhead: [...outcome.overhead, ...calls], ...made, ...times };
    return { kind: "ended", outcome: whole, unstored: saver.drain() };
  } catch (error) {
    if (!ports.stop.aborted) throw error;
    await saver.flushed();
    return { kind: "stopped", unstored: saver.drain() };
  } finally {
    overhead.stop();
    deadline.clear();
  }
};

/** Starts what the run does for itself beside the agents: the summary and the title that are due. */
function startOverheadRuns(run: NodeContext) {
  const { summaryGraceMs, emit } = run.ports;
  const summary = startSummary(run);
  const title = startTitle(run);
  return {
    async settle() {
      const [settled, titled] = await Promise.all([
        summary.settle(summaryGraceMs),
        title.settle(summaryGraceMs),
      ]);
      if (settled.made !== null) {
        const { fromSeq, toSeq, usedFallback } = settled.made;
        emit({ type: "summary_made", fromSeq, toSeq, usedFallback });
      }
      const calls = [...settled.overhead, ...titled.overhead];
      return { calls, summary: settled.made, summaryFailed: settled.hasFailed, title: titled.made };
    },
    stop() {
      summary.stop();
      title.stop();
    },
  };
}

/** Guards the ports, limits the calls in flight, and measures the time in models and in tools. */
function timePorts(ports: TurnPorts, payment: CallPayment) {
  const modelWatch = startStopwatch(ports.now);
  const toolsWatch = startStopwatch(ports.now);
  const timed = modelWatch.timing(ports.callModel);
  const callModel = limitCalls(timed, maxCallsInFlight, ports.mayCall, (paid) => payForCalls(paid, payment));
  const guarded = guardTools(ports.tools);
  const tools = { ...guarded, execute: toolsWatch.timing(guarded.execute) };
  const timedPorts: TurnPorts = { ...ports, callModel, tools };
  return { timedPorts, modelMs: modelWatch.elapsedMs, toolsMs: toolsWatch.elapsedMs };
}

function startTurnDeadline(timeoutMs: number): { signal: AbortSignal; clear: () => void } {
  const deadline = new AbortController();
  const failure: AgentFailure = {
    code: "deadline",
    message: "The turn's deadline passed before the agent answered.",
  };
  const timer = setTimeout(() => deadline.abort(failure), timeoutMs);
  return { signal: deadline.signal, clear: () => clearTimeout(timer) };
}

function createSaver(
  { runId, plan, context, ports }: NodeContext,
  progress: StoredRun | undefined,
): RunSaver {
  return new RunSaver({
    runId,
    stored: progress,
    isParallel: hasParallelSteps(plan),
    isFinal: ({ replies = [], decisions = [] }) =>
      isFinished(plan, { replies, decisions }, context.storedAnswers.length > 0),
    store: ports.storeCheckpoint,
  });
}

/** Whether two steps may run at once: they start after the same steps. */
function hasParallelSteps({ steps }: TurnPlan): boolean {
  return new Set(steps.map(({ after }) => after.join())).size < steps.length;
}
