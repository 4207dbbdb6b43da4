import { agentFailureText, agentLabel } from "../../domain/text/agent-label.ts";
import type { AnsweredReply } from "../answered-turn.ts";

/** Who wrote a text, as the data of the part before it. */
export type Author = {
  name: string;
  agent_key: string | null;
  step: string | null;
  role: string | null;
  round: number | null;
  error: { code: string; message: string } | null;
};

type StepMetadata = { agent_key?: unknown; step?: unknown; role?: unknown; round?: unknown };

export function toAuthor(name: string, { agent_key, step, role, round }: StepMetadata = {}): Author {
  const textOf = (value: unknown) => (typeof value === "string" ? value : null);
  return {
    name,
    agent_key: textOf(agent_key),
    step: textOf(step),
    role: textOf(role),
    round: typeof round === "number" ? round : null,
    error: null,
  };
}

/** The parts of one author's text. `hasLabels`: the name is in the text too, for front-ends that show texts alone. */
export function createAuthorTexts(hasLabels: boolean) {
  const startText = (id: string, author: Author): object[] => {
    const parts = [
      { type: "data-agent", id: `${id}/agent`, data: author },
      { type: "text-start", id },
    ];
    // The text of a failure begins with the name anyway.
    const isLabelled = hasLabels && author.error === null;
    return isLabelled ? [...parts, { type: "text-delta", id, delta: agentLabel(author.name) }] : parts;
  };
  /** A whole text; of an agent that failed the text says so. */
  const toText = (id: string, author: Author, content: string): object[] => {
    const delta = author.error === null ? content : agentFailureText(author.name, author.error);
    return [...startText(id, author), { type: "text-delta", id, delta }, { type: "text-end", id }];
  };
  const toStoredText = ({ message_id, agent_name, content, error, ...step }: AnsweredReply): object[] =>
    toText(message_id, { ...toAuthor(agent_name, step), error }, content);
  return { startText, toText, toStoredText };
}
