import type { QueuedTurn } from "../api/types.ts";

type WaitingProps = { waiting: readonly QueuedTurn[]; onWithdraw: (turnId: string) => void };

/** Messages that wait for the turn that runs, the next one first. */
export function WaitingTurns({ waiting, onWithdraw }: WaitingProps) {
  if (waiting.length === 0) return null;
  return (
    <ol class="waiting" aria-label="Messages that wait">
      {waiting.map(({ id, user_input: text }) => (
        <li key={id} class="waiting-turn">
          <span class="tag">Waits</span>
          <span class="waiting-text">{text}</span>
          <button
            type="button"
            class="button button-quiet"
            aria-label={`Withdraw: ${text}`}
            onClick={() => onWithdraw(id)}
          >
            Withdraw
          </button>
        </li>
      ))}
    </ol>
  );
}
