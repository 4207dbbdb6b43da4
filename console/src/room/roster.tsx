import { useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { Agent } from "../api/types.ts";
import { api } from "../app-context.ts";
import { Avatar } from "../parts/avatar.tsx";
import { ProblemNote } from "../parts/states.tsx";
import { toneOf } from "../parts/tone.ts";
import { AgentDialog } from "./agent-dialog.tsx";
import type { ChangeParts, RoomParts } from "./room-parts.ts";

type RosterProps = { parts: RoomParts; change: ChangeParts };

/** The agents in their order, which is the order of a round table. Drag one, or move it with Alt and the arrow keys. */
export function Roster({ parts, change }: RosterProps) {
  const { room, agents } = parts;
  const [edited, setEdited] = useState<Agent | "new">();
  const [dragged, setDragged] = useState<string>();
  const [notice, setNotice] = useState("");
  const [error, setError] = useState<ApiError>();
  const keys = agents.map(({ agent_key: key }) => key);

  const move = async (key: string, to: number) => {
    const index = Math.max(0, Math.min(keys.length - 1, to));
    if (keys.indexOf(key) === index) return;
    const order = keys.filter((other) => other !== key).toSpliced(index, 0, key);
    // Shown at once, so that keys can be pressed on; the server's answer has the last word.
    change({ agents: order.flatMap((each) => agents.filter(({ agent_key }) => agent_key === each)) });
    setNotice(`${key} is number ${index + 1} now`);
    try {
      change({ agents: await api.orderAgents(room.id, order) });
    } catch (failure) {
      change({ agents });
      setError(toApiError(failure));
    }
  };
  return (
    <section class="side">
      <div class="side-head">
        <h2>Agents</h2>
        <button type="button" class="button" onClick={() => setEdited("new")}>
          Add
        </button>
      </div>
      {error && <ProblemNote error={error} onClose={() => setError(undefined)} />}
      <ul class="side-list">
        {agents.map((agent, index) => (
          <li
            key={agent.id}
            class="agent"
            draggable
            data-dragged={dragged === agent.agent_key}
            onDragStart={() => setDragged(agent.agent_key)}
            onDragEnd={() => setDragged(undefined)}
            onDragOver={(event) => dragged !== undefined && event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged !== undefined) void move(dragged, index);
            }}
          >
            <AgentRow
              agent={agent}
              tone={toneOf(agent.agent_key, keys)}
              onOpen={() => setEdited(agent)}
              onMove={(by) => void move(agent.agent_key, index + by)}
            />
          </li>
        ))}
      </ul>
      <p class="away" role="status">
        {notice}
      </p>
      {edited && (
        <AgentDialog
          room={room}
          agent={edited === "new" ? undefined : edited}
          agents={agents}
          onClose={() => setEdited(undefined)}
          onAgents={(next) => change({ agents: next })}
        />
      )}
    </section>
  );
}

type RowProps = { agent: Agent; tone: number | undefined; onOpen: () => void; onMove: (by: number) => void };

function AgentRow({ agent, tone, onOpen, onMove }: RowProps) {
  const { name, agent_key: key, model_alias: model, tool_permissions: tools } = agent;
  const onKeyDown = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    onMove(event.key === "ArrowUp" ? -1 : 1);
  };
  return (
    <button
      type="button"
      class="agent-row"
      title="Opens its settings. Alt and the arrow keys move it."
      onClick={onOpen}
      onKeyDown={onKeyDown}
    >
      <Avatar name={name} tone={tone} />
      <span class="agent-words">
        <strong>{name}</strong>
        <small>
          @{key} · {model}
          {tools.length > 0 && ` · ${tools.join(", ")}`}
        </small>
      </span>
    </button>
  );
}
