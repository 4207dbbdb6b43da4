import type { ComponentChildren } from "preact";
import { formatAgo, formatInstant } from "../parts/format.ts";

type UserMessageProps = {
  /** Empty: the person has deleted the message. */
  text: string;
  at?: string;
  /** What can be done with it. */
  children?: ComponentChildren;
};

/** What the person wrote, as it was written. */
export function UserMessage({ text, at, children }: UserMessageProps) {
  return (
    <div class="mine">
      {text === "" ? <p class="mine-gone">This message was deleted.</p> : <p class="mine-text">{text}</p>}
      <div class="mine-foot">
        {children}
        {at && (
          <time class="mine-at" dateTime={at} title={formatInstant(at)}>
            {formatAgo(at)}
          </time>
        )}
      </div>
    </div>
  );
}
