import "../style/turn.css";
import type { ComponentChildren } from "preact";
import type { TurnDetail, TurnPending } from "../api/types.ts";
import { api } from "../app-context.ts";
import { formatCredits, formatInstant, plural } from "../parts/format.ts";
import { Empty, Loading, ProblemNote } from "../parts/states.tsx";
import { useLoad } from "../parts/use-load.ts";
import { modeWords } from "../rooms/mode-words.ts";
import { Link, pathOf } from "../router.tsx";
import { Contexts } from "./contexts.tsx";
import { Decisions } from "./decisions.tsx";
import { LedgerTable, OverheadTable } from "./ledger-table.tsx";
import { StepGraph } from "./step-graph.tsx";

type TurnScreenProps = { roomId: string; sessionId: string; turnId: string };

/** The receipt of a turn: who answered when, what each was sent, and what it cost. */
export function TurnScreen({ roomId, sessionId, turnId }: TurnScreenProps) {
  const { value, error, reload } = useLoad(`turn ${turnId}`, () => api.turn(sessionId, turnId));
  const back = <Link to={pathOf.session(roomId, sessionId)}>‹ Back to the conversation</Link>;
  return (
    <div class="receipt">
      <p>{back}</p>
      {error && <ProblemNote error={error} onRetry={reload} />}
      {value === undefined && error === undefined && <Loading what="the receipt" rows={8} />}
      {value && !("replies" in value) && (
        <Empty title={pendingWords[value.status](value.problem?.detail)}>
          <button type="button" class="button" onClick={() => void reload()}>
            Look again
          </button>
        </Empty>
      )}
      {value && "replies" in value && <Receipt turn={value} />}
    </div>
  );
}

/** What is said of a turn that is not stored, by its state. */
const pendingWords: Record<TurnPending["status"], (problem: string | undefined) => string> = {
  queued: () => "The turn waits for those before it.",
  running: () => "The turn is still running.",
  refused: (problem) => `The turn could not start: ${problem ?? "it was refused."}`,
  cancelled: () => "The turn was cancelled before it started.",
  completed: () => "The turn is stored.",
  partial: () => "The turn is stored.",
  failed: () => "The turn is stored.",
};

function Receipt({ turn }: { turn: TurnDetail }) {
  const overhead = turn.audit.flatMap((row) => row.overhead_calls);
  return (
    <>
      <header class="receipt-head">
        <h1>
          Turn {turn.turn_index} <span class="tag">{statusWords[turn.status]}</span>
        </h1>
        <p class="receipt-question">{turn.user_input}</p>
        <p class="help">
          {formatInstant(turn.created_at)} · {modeWords[turn.mode].name} · {formatCredits(turn.usage.credits)}{" "}
          credits · {plural(turn.usage.total_tokens, "token")} · {plural(turn.usage.calls, "model call")}
        </p>
        <Facts turn={turn} />
      </header>
      <Part title="Steps" id="steps">
        <StepGraph turn={turn} />
      </Part>
      {turn.audit.some(({ orchestration }) => (orchestration?.decisions.length ?? 0) > 0) && (
        <Part title="The manager's decisions" id="decisions">
          <Decisions turn={turn} />
        </Part>
      )}
      <Part title="What each agent was sent" id="contexts">
        <Contexts turn={turn} />
      </Part>
      <Part title="Ledger" id="ledger">
        <LedgerTable turn={turn} />
      </Part>
      {overhead.length > 0 && (
        <Part title="Calls that are not billed" id="overhead">
          <OverheadTable calls={overhead} />
        </Part>
      )}
    </>
  );
}

const statusWords: Readonly<Record<TurnDetail["status"], string>> = {
  completed: "Completed",
  partial: "Partly answered",
  failed: "Not answered",
};

function Part({ title, id, children }: { title: string; id: string; children: ComponentChildren }) {
  return (
    <section class="receipt-part" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** What else is on record: summaries, checkpoints, ids that an operator asks for. */
function Facts({ turn }: { turn: TurnDetail }) {
  const isDegraded = turn.audit.some((row) => row.checkpoint_degraded);
  const runs = new Set(turn.audit.map(({ run_id: id }) => id));
  const facts = [
    turn.summary_triggered && "Earlier turns were summarised.",
    turn.prune_triggered && "Parts of the conversation were left out.",
    isDegraded ? "A checkpoint was stored late, in part or not at all." : "All checkpoints were stored.",
    runs.size > 1 && `It took ${runs.size} runs: the first and ${plural(runs.size - 1, "retry", "retries")}.`,
  ];
  return (
    <p class="help">
      {facts.filter(Boolean).join(" ")} <span class="mono">Turn {turn.id}</span>
    </p>
  );
}
