import { useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import { Dialog } from "../parts/dialog.tsx";
import { ProblemNote } from "../parts/states.tsx";

/** A message that the person may delete. */
export type StoredMessage = {
  turnId: string;
  /** Undefined: it is the turn's question, whose id only the turn's details have. */
  messageId: string | undefined;
  /** How the dialog names it. */
  name: string;
};

type DeleteDialogProps = {
  message: StoredMessage;
  onDelete: (message: StoredMessage) => Promise<void>;
  onClose: () => void;
};

/** Asks whether a message is to be deleted: it cannot be brought back. */
export function DeleteDialog({ message, onDelete, onClose }: DeleteDialogProps) {
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onDelete(message);
      onClose();
    } catch (failure) {
      setError(toApiError(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Delete ${message.name}?`} onClose={onClose}>
      <p>
        It disappears from this conversation, and no agent is shown it from the next turn on. It cannot be
        brought back. What it cost stays on record, and so does a summary that was made of it.
      </p>
      {error && <ProblemNote error={error} />}
      <footer class="dialog-end">
        <button type="button" class="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="button button-bad" disabled={isBusy} onClick={() => void confirm()}>
          Delete it
        </button>
      </footer>
    </Dialog>
  );
}
