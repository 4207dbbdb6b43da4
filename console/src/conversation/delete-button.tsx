type DeleteButtonProps = { name: string; onClick: () => void };

/** Stands at a message. @param name of the message, for those who hear the page. */
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
