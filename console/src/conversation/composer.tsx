import { useEffect, useRef, useState } from "preact/hooks";
import { readTags } from "../../../src/domain/plan/tags.ts";
import type { Agent, Mode } from "../api/types.ts";
import { keepDraft, readDraft } from "./drafts.ts";
import { complete, completionsOf, type Mention, mentionAt } from "./mention.ts";
import type { WhenBusy } from "./sender.ts";

type ComposerProps = {
  sessionId: string;
  agents: readonly Agent[];
  mode: Mode;
  isRunning: boolean;
  /** A message that was not stored comes back into the field. */
  returned: string | undefined;
  onSend: (message: string, whenBusy: WhenBusy) => Promise<"accepted" | "refused">;
  /** A message can be sent while a turn runs. */
  canQueue: boolean;
  /** Absent where the server cannot stop a turn. */
  onStop: (() => void) | undefined;
  onFiles: (files: readonly File[]) => void;
};

const maxMessageCharacters = 32_000;
const listId = "mentions";

/** The field that messages are written in. Enter sends; Shift and Enter begin a new line; @ offers the agents. */
export function Composer(props: ComposerProps) {
  const { sessionId, agents, mode, isRunning, canQueue, returned, onSend, onStop, onFiles } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => readDraft(sessionId));
  const [mention, setMention] = useState<Mention>();
  const [chosen, setChosen] = useState(0);
  const [isSending, setSending] = useState(false);
  const [whenBusy, setWhenBusy] = useState<WhenBusy>("queue");
  const mustWait = isRunning && !canQueue;
  const offered = mention === undefined ? [] : completionsOf(mention, agents);

  const write = (value: string, caret?: number) => {
    setText(value);
    keepDraft(sessionId, value);
    setMention(caret === undefined ? undefined : mentionAt(value, caret));
    setChosen(0);
  };
  useEffect(() => {
    if (returned !== undefined && text === "") write(returned);
  }, [returned]);

  const take = (agent: Agent) => {
    const element = field.current;
    if (element === null || mention === undefined) return;
    const completed = complete(text, element.selectionStart, mention, agent.agent_key);
    // At once, and not with the next drawing: the person types on.
    element.value = completed.text;
    element.setSelectionRange(completed.caret, completed.caret);
    element.focus();
    write(completed.text);
  };
  const send = async () => {
    const message = text.trim();
    if (message === "" || mustWait || isSending) return;
    setSending(true);
    const outcome = await onSend(message, whenBusy);
    setSending(false);
    if (outcome === "accepted") write("");
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (offered.length > 0 && onListKey(event, { offered, chosen, setChosen, take, setMention })) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send();
    }
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {offered.length > 0 && <MentionList {...{ offered, chosen, take }} />}
      <textarea
        ref={field}
        rows={1}
        value={text}
        maxLength={maxMessageCharacters}
        readOnly={isSending}
        placeholder={placeholderOf(mode, agents)}
        aria-label="Your message"
        aria-autocomplete="list"
        aria-controls={offered.length > 0 ? listId : undefined}
        aria-activedescendant={offered.length > 0 ? `${listId}-${chosen}` : undefined}
        onInput={(event) => write(event.currentTarget.value, event.currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
        onBlur={() => setMention(undefined)}
        onPaste={(event) => takeFiles(event, event.clipboardData, onFiles)}
      />
      <div class="composer-end">
        <FileButton onFiles={onFiles} />
        <span class="composer-hint">{hintOf(text, mode, agents)}</span>
        {isRunning && onStop && (
          <button type="button" class="button" onClick={onStop}>
            Stop
          </button>
        )}
        {isRunning && canQueue && <BusyChoice whenBusy={whenBusy} onChoice={setWhenBusy} />}
        <button
          type="submit"
          class="button button-main"
          disabled={text.trim() === "" || mustWait || isSending}
        >
          {isSending ? "Sending…" : "Send"}
        </button>
      </div>
    </form>
  );
}

type ChoiceProps = { whenBusy: WhenBusy; onChoice: (whenBusy: WhenBusy) => void };

/** What a message does that is sent while the agents answer. */
function BusyChoice({ whenBusy, onChoice }: ChoiceProps) {
  return (
    <select
      class="busy-choice"
      aria-label="While the agents answer"
      value={whenBusy}
      onChange={(event) => onChoice(event.currentTarget.value === "interrupt" ? "interrupt" : "queue")}
    >
      <option value="queue">after this turn</option>
      <option value="interrupt">instead of this turn</option>
    </select>
  );
}

/** Files that are dropped or pasted are uploaded; text goes its usual way. */
export function takeFiles(
  event: Event,
  transfer: DataTransfer | null,
  onFiles: (files: readonly File[]) => void,
): void {
  const files = [...(transfer?.files ?? [])];
  if (files.length === 0) return;
  event.preventDefault();
  onFiles(files);
}

function FileButton({ onFiles }: Pick<ComposerProps, "onFiles">) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="button button-quiet"
        title="Attach files to the room"
        onClick={() => input.current?.click()}
      >
        + File
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        aria-label="Files for the room"
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

type ListProps = { offered: readonly Agent[]; chosen: number; take: (agent: Agent) => void };

function MentionList({ offered, chosen, take }: ListProps) {
  return (
    <div class="mentions" id={listId} role="listbox" aria-label="Agents">
      {offered.map((agent, index) => (
        // The field keeps the focus and the keys.
        // biome-ignore lint/a11y/useFocusableInteractive: see above
        // biome-ignore lint/a11y/useKeyWithClickEvents: see above
        <div
          key={agent.agent_key}
          id={`${listId}-${index}`}
          role="option"
          aria-selected={index === chosen}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => take(agent)}
        >
          <strong>@{agent.agent_key}</strong> {agent.name} <small>{agent.model_alias}</small>
        </div>
      ))}
    </div>
  );
}

type ListKeys = ListProps & {
  setChosen: (index: number) => void;
  setMention: (mention: undefined) => void;
};

/** Whether the key was one of the list's. */
function onListKey(
  event: KeyboardEvent,
  { offered, chosen, setChosen, take, setMention }: ListKeys,
): boolean {
  const count = offered.length;
  const agent = offered[chosen];
  if (event.key === "ArrowDown") setChosen((chosen + 1) % count);
  else if (event.key === "ArrowUp") setChosen((chosen + count - 1) % count);
  else if (event.key === "Escape") setMention(undefined);
  else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && agent) take(agent);
  else return false;
  event.preventDefault();
  return true;
}

function placeholderOf(mode: Mode, agents: readonly Agent[]): string {
  const first = agents[0]?.agent_key;
  if (first === undefined) return "Add an agent first";
  return mode === "tag" || mode === "manual" ? `Ask an agent: @${first} …` : "Ask the room…";
}

/** Who will answer, read by the server's own rule. */
function hintOf(text: string, mode: Mode, agents: readonly Agent[]): string {
  const keys = agents.map(({ agent_key: key }) => key);
  switch (mode) {
    case "roundtable":
      return keys.length === 0 ? "" : `All ${keys.length} answer in turn`;
    case "orchestrator":
      return keys.length === 0 ? "" : "A manager picks who answers";
    case "tag":
    case "manual": {
      const { agentKeys, unknownTags } = readTags(text, keys);
      if (unknownTags.length > 0) return `Nobody here is @${unknownTags.join(", @")}`;
      return agentKeys.length === 0 ? "" : `Asks ${agentKeys.map((key) => `@${key}`).join(" ")}`;
    }
  }
}
