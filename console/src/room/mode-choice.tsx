import { useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { Mode, Room } from "../api/types.ts";
import { api } from "../app-context.ts";
import { ProblemNote } from "../parts/states.tsx";
import { modeWords, offeredModes } from "../rooms/mode-words.ts";

/** Who answers the next turn. */
export function ModeChoice({ room, onChange }: { room: Room; onChange: (room: Room) => void }) {
  const [error, setError] = useState<ApiError>();
  // Shown at once; the server's answer has the last word.
  const [chosen, setChosen] = useState<Mode>();
  const next = chosen ?? room.pending_mode ?? room.current_mode;
  const choose = async (mode: Mode) => {
    setError(undefined);
    setChosen(mode);
    try {
      onChange(await api.setMode(room.id, mode));
    } catch (failure) {
      setError(toApiError(failure));
    }
    setChosen(undefined);
  };
  return (
    <section class="side">
      <fieldset class="modes">
        <legend>Who answers</legend>
        {offeredModes(room.current_mode).map((mode) => (
          <label key={mode} class="mode">
            <input type="radio" name="mode" checked={mode === next} onChange={() => void choose(mode)} />
            <span>
              <strong>{modeWords[mode].name}</strong>
              <small>{modeWords[mode].about}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <p class="help" role="status">
        {room.pending_mode === null ? "" : "Applies to the next turn."}
      </p>
      {error && <ProblemNote error={error} />}
    </section>
  );
}
