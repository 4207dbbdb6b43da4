import type { Agent, Mode } from "../api/types.ts";
import { Empty } from "../parts/states.tsx";
import { startersFor } from "../rooms/templates.ts";

type OpeningProps = { agents: readonly Agent[]; mode: Mode; onStart: (message: string) => void };

/** An empty session shows first messages that can be sent. */
export function Opening({ agents, mode, onStart }: OpeningProps) {
  if (agents.length === 0) {
    return (
      <Empty title="Nobody is in this room yet.">
        <p>Add an agent on the left: a model, a role, and the tools it may use.</p>
      </Empty>
    );
  }
  const keys = agents.map(({ agent_key: key }) => key);
  const own = startersFor(keys);
  const tags = keys
    .slice(0, 3)
    .map((key) => `@${key}`)
    .join(" ");
  const starters = own.length > 0 ? own : [`${mode === "tag" ? `${tags} ` : ""}What should we know first?`];
  return (
    <Empty title={`Ask ${listOf(agents.map(({ name }) => name))}.`}>
      <p>Write below, or begin with one of these:</p>
      <div class="starters">
        {starters.map((message) => (
          <button key={message} type="button" class="card starter" onClick={() => onStart(message)}>
            {message}
          </button>
        ))}
      </div>
    </Empty>
  );
}

function listOf(names: readonly string[]): string {
  return new Intl.ListFormat("en", { type: "conjunction" }).format(names.slice(0, 6));
}
