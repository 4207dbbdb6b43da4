type DeleteButtonProps = { name: string; onClick: () => void };

/** A button beside a message. @param name what a screen reader calls the message. */
export function DeleteButton({ name, onClick }: DeleteButtonProps) {
  return (
    <button
      type="button"
      class="button button-quiet message-delete"
      aria-label={`Delete ${name}`}
      onClick={onClick}
    >
      Delete
    </button>
  );
}
