import type { ComponentChildren } from "preact";
import { Markdown } from "../markdown/markdown.tsx";
import { Avatar } from "../parts/avatar.tsx";
import { formatCredits, formatSeconds } from "../parts/format.ts";

/** What is known of an answer beside its text; while it runs much is not. */
export type BubbleFacts = {
  model?: string | undefined;
  ms?: number | undefined;
  credits?: string | undefined;
};

type BubbleProps = {
  name: string;
  tone: number | undefined;
  text: string;
  facts: BubbleFacts;
  /** The last block of the text may still grow. */
  isGrowing?: boolean;
  badge?: string | undefined;
  /** What can be done with it. */
  actions?: ComponentChildren;
  /** Shown below the text: tools, failures. */
  children?: ComponentChildren;
};

/** One answer of one agent. */
export function Bubble({
  name,
  tone,
  text,
  facts,
  isGrowing = false,
  badge,
  actions,
  children,
}: BubbleProps) {
  return (
    <article class="bubble" data-tone={tone ?? "none"} aria-label={`Answer of ${name}`} aria-busy={isGrowing}>
      <header class="bubble-head">
        <Avatar name={name} tone={tone} />
        <strong class="bubble-name">{name}</strong>
        {badge && <span class="tag">{badge}</span>}
        {actions}
        <span class="bubble-facts">
          {facts.model && <span title="Model">{facts.model}</span>}
          {facts.ms !== undefined && <span title="Time of its model calls">{formatSeconds(facts.ms)}</span>}
          {facts.credits !== undefined && <span title="Credits">{formatCredits(facts.credits)} cr</span>}
        </span>
      </header>
      {text !== "" && <Markdown text={text} />}
      {isGrowing && text === "" && (
        <span class="typing" role="status" aria-label={`${name} is thinking`}>
          <i />
          <i />
          <i />
        </span>
      )}
      {children}
    </article>
  );
}

/** Why an answer failed or is not whole. */
export function BubbleNote({ children, isBad = false }: { children: ComponentChildren; isBad?: boolean }) {
  return <p class={isBad ? "bubble-note bubble-note-bad" : "bubble-note"}>{children}</p>;
}
