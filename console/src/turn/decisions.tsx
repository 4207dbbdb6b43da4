import type { TurnDetail } from "../api/types.ts";

const endWords: Readonly<Record<string, string>> = {
  manager: "the manager picked nobody more",
  unreadable_decision: "its decision could not be read",
  max_rounds: "the room's number of rounds was reached",
  max_steps: "a turn can have no more answers",
  unfinished: "the run was not finished",
};

/** What the manager decided in each round, with its answer as it came. */
export function Decisions({ turn }: { turn: TurnDetail }) {
  return (
    <>
      {turn.audit.flatMap(({ run_id: runId, orchestration }) =>
        orchestration === null || orchestration.decisions.length === 0
          ? []
          : [
              <div key={runId}>
                <ol class="decisions">
                  {orchestration.decisions.map((decision, round) => (
                    <li key={`${runId}-${round}`}>
                      <strong>{decision.selected_keys.join(", ") || "nobody more"}</strong>
                      <small>
                        {" "}
                        {decision.verdict}, by {decision.rule}
                      </small>
                      {decision.raw !== null && <pre class="raw">{decision.raw}</pre>}
                    </li>
                  ))}
                </ol>
                {orchestration.rounds_ended_by !== null && (
                  <p class="help">
                    The rounds ended because{" "}
                    {endWords[orchestration.rounds_ended_by] ?? orchestration.rounds_ended_by}.
                  </p>
                )}
              </div>,
            ],
      )}
    </>
  );
}
