import { toneOf } from "../parts/tone.ts";
import { Bubble } from "./bubble.tsx";
import { FailureNote } from "./failure-note.tsx";
import type { LivePart, LiveTurn } from "./live-turn.ts";
import { ToolFold } from "./tool-fold.tsx";
import { UserMessage } from "./user-message.tsx";

type RunningTurnProps = {
  live: LiveTurn;
  roster: readonly string[];
  nameOf: (agentKey: string) => string;
  modelOf: (agentKey: string) => string | undefined;
};

/** The turn that is being answered. */
export function RunningTurn({ live, roster, nameOf, modelOf }: RunningTurnProps) {
  return (
    <section class="turn turn-live" aria-label="The turn that runs">
      {live.message !== undefined && <UserMessage text={live.message} />}
      {live.rounds.map(({ round, agentKeys }) => (
        <p key={round} class="round">
          The manager picked <strong>{agentKeys.map(nameOf).join(", ") || "nobody more"}</strong>
        </p>
      ))}
      {live.parts.map((part) => (
        <PartBubble
          key={part.id}
          part={part}
          tone={toneOf(part.agentKey, roster)}
          model={modelOf(part.agentKey)}
        />
      ))}
      {live.state === "lost" && (
        <p class="note" role="status">
          The connection broke. The agents go on; coming back to them…
        </p>
      )}
      {live.state !== "lost" && live.parts.length === 0 && (
        <p class="round" role="status">
          {waitingWords[live.state]}
        </p>
      )}
    </section>
  );
}

const waitingWords = {
  sending: "Sending…",
  waiting: "Waits until the turn before it is answered.",
  running: "The agents have your message.",
};

type PartProps = { part: LivePart; tone: number | undefined; model: string | undefined };

function PartBubble({ part, tone, model }: PartProps) {
  const ms = part.endedMs === undefined ? undefined : part.endedMs - part.startedMs;
  return (
    <Bubble
      name={part.name}
      tone={tone}
      text={part.text}
      facts={{ model, ms }}
      isGrowing={part.state === "working"}
      badge={part.role === "synthesis" ? "Synthesis" : undefined}
    >
      {part.tools.map((tool) => (
        <ToolFold
          key={tool.id}
          name={tool.name}
          status={tool.result === undefined ? "running" : "success"}
          input={tool.args}
          output={tool.result}
        />
      ))}
      {part.failure && <FailureNote name={part.name} failure={part.failure} />}
    </Bubble>
  );
}
