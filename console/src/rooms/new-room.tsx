import { useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import { api } from "../app-context.ts";
import { Dialog } from "../parts/dialog.tsx";
import { ProblemNote } from "../parts/states.tsx";
import { navigate, pathOf } from "../router.tsx";
import { agentsOf, type Template, templates } from "./templates.ts";

/** Makes a room with the agents of a template and its first session. Returns the path of the session. */
export async function createFromTemplate(template: Template, name: string): Promise<string> {
  const [models, tools] = await Promise.all([api.models(), api.tools()]);
  const room = await api.createRoom({ name, ...template.room });
  const permissions = tools.map(({ permission }) => permission);
  // One after another: they join the roster in this order.
  for (const agent of agentsOf(template, models, permissions)) await api.addAgent(room.id, agent);
  const session = await api.startSession(room.id);
  return pathOf.session(room.id, session.id);
}

export function NewRoomDialog({
  onClose,
  first = templates[0],
}: {
  onClose: () => void;
  first?: Template | undefined;
}) {
  const [template, setTemplate] = useState(first);
  const [name, setName] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const submit = async (event: Event) => {
    event.preventDefault();
    if (template === undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      navigate(await createFromTemplate(template, name.trim() || template.name));
    } catch (failure) {
      setError(toApiError(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title="New room" onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <fieldset class="choices">
          <legend>Begin with</legend>
          {templates.map((choice) => (
            <label key={choice.id} class="choice">
              <input
                type="radio"
                name="template"
                checked={choice.id === template?.id}
                onChange={() => setTemplate(choice)}
              />
              <span>
                <strong>{choice.name}</strong>
                <small>{choice.about}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <label class="field">
          <span>Name</span>
          <input
            value={name}
            maxLength={200}
            placeholder={template?.name ?? ""}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {error && <ProblemNote error={error} />}
        <footer class="form-end">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button button-main" disabled={isBusy}>
            {isBusy ? "Making the room…" : "Make the room"}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
