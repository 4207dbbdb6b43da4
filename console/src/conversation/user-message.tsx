import { formatAgo, formatInstant } from "../parts/format.ts";

/** What the person wrote, as it was written. */
export function UserMessage({ text, at }: { text: string; at?: string }) {
  return (
    <div class="mine">
      <p class="mine-text">{text}</p>
      {at && (
        <time class="mine-at" dateTime={at} title={formatInstant(at)}>
          {formatAgo(at)}
        </time>
      )}
    </div>
  );
}
