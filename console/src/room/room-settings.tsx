import { useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { Agent, Room } from "../api/types.ts";
import { api } from "../app-context.ts";
import { Dialog } from "../parts/dialog.tsx";
import { ProblemNote } from "../parts/states.tsx";
import { navigate, pathOf } from "../router.tsx";

type SettingsProps = { room: Room; agents: readonly Agent[]; onChange: (room: Room) => void };

/** Name, goal and orchestration of the room; and its end. */
export function RoomSettings(props: SettingsProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="button" onClick={() => setOpen(true)}>
        Settings
      </button>
      {isOpen && <SettingsDialog {...props} onClose={() => setOpen(false)} />}
    </>
  );
}

function SettingsDialog({ room, agents, onChange, onClose }: SettingsProps & { onClose: () => void }) {
  const [name, setName] = useState(room.name);
  const [goal, setGoal] = useState(room.goal ?? "");
  const [rounds, setRounds] = useState(room.orchestration.max_rounds);
  const [synthesis, setSynthesis] = useState(room.orchestration.synthesis);
  const [isSure, setSure] = useState(false);
  const [error, setError] = useState<ApiError>();
  const attempt = (work: Promise<unknown>) =>
    work.then(onClose, (failure: unknown) => setError(toApiError(failure)));
  const save = async (event: Event) => {
    event.preventDefault();
    const orchestration = { max_rounds: rounds, synthesis };
    const change = { name, goal: goal.trim() === "" ? null : goal, orchestration };
    await attempt(api.changeRoom(room.id, change).then(onChange));
  };
  const remove = () => {
    if (!isSure) return setSure(true);
    void attempt(api.deleteRoom(room.id).then(() => navigate(pathOf.rooms)));
  };
  return (
    <Dialog title="Settings of the room" onClose={onClose}>
      <form class="form" onSubmit={(event) => void save(event)}>
        <label class="field">
          <span>Name</span>
          <input
            required
            maxLength={200}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Goal</span>
          <textarea
            rows={3}
            maxLength={4_000}
            value={goal}
            onInput={(event) => setGoal(event.currentTarget.value)}
          />
          <small class="help">Every agent reads it.</small>
        </label>
        <label class="field">
          <span>Rounds of the manager</span>
          <select value={rounds} onChange={(event) => setRounds(Number(event.currentTarget.value))}>
            {[1, 2, 3].map((count) => (
              <option key={count} value={count}>
                {count}
              </option>
            ))}
          </select>
          <small class="help">In the mode Orchestrator: how often it may pick agents in a turn.</small>
        </label>
        <label class="field">
          <span>Synthesis</span>
          <select value={synthesis} onChange={(event) => setSynthesis(event.currentTarget.value)}>
            <option value="off">Off</option>
            <option value="manager">The manager writes it</option>
            {agents.map(({ agent_key: key, name: agentName }) => (
              <option key={key} value={key}>
                {agentName} writes it
              </option>
            ))}
          </select>
          <small class="help">One answer at the end, from all others.</small>
        </label>
        {error && <ProblemNote error={error} />}
        <footer class="form-end">
          <button type="button" class="button button-bad" onClick={remove}>
            {isSure ? "Delete it with all its sessions" : "Delete the room"}
          </button>
          <button type="submit" class="button button-main">
            Save
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
