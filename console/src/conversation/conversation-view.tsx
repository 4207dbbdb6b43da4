import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Agent, RoomFile } from "../api/types.ts";
import { useCell } from "../cell.ts";
import { Loading, ProblemNote } from "../parts/states.tsx";
import type { Conversation } from "./conversation.ts";
import type { ConversationState } from "./conversation-state.ts";
import { DeleteDialog, type StoredMessage } from "./delete-dialog.tsx";
import { RunningTurn } from "./running-turn.tsx";
import { StoredTurn } from "./stored-turn.tsx";
import { WaitingTurns } from "./waiting-turns.tsx";

type ViewProps = {
  roomId: string;
  conversation: Conversation;
  agents: readonly Agent[];
  files: readonly RoomFile[];
  /** Shown where there is no turn yet. */
  opening: ComponentChildren;
  /** The composer. */
  children: ComponentChildren;
};

/** So near to the end the view follows what arrives. */
const followPx = 80;
/** So near to the first turn shown, older ones are brought in. */
const olderPx = 600;

/** The turns of a session, latest at the end; it follows what arrives unless the person reads further up. */
export function ConversationView({ roomId, conversation, agents, files, opening, children }: ViewProps) {
  const state = useCell(conversation.state);
  const { turns, hasOlder, live, waiting, loadError, refusal } = state;
  const { scroller, onScroll } = useScroll(conversation, state);
  const roster = useStable(agents.map(({ agent_key: key }) => key));
  const retry = useCallback((turnId: string) => void conversation.retry(turnId), [conversation]);
  const nameOfFile = useCallback(
    (fileId: string) => files.find(({ id }) => id === fileId)?.name ?? "a file that was deleted",
    [files],
  );
  const [toDelete, setToDelete] = useDeletion(scroller);
  const nameOf = (key: string) => agents.find(({ agent_key }) => agent_key === key)?.name ?? key;
  const modelOf = (key: string) => agents.find(({ agent_key }) => agent_key === key)?.model_alias;
  const latestId = turns?.at(-1)?.id;
  const isEmpty = turns !== undefined && turns.length === 0 && live === undefined;
  return (
    <section class="conversation" aria-label="Conversation">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <div class="scroller" ref={scroller} onScroll={onScroll} tabIndex={0} role="log" aria-label="Turns">
        <div class="turns">
          {loadError && <ProblemNote error={loadError} onRetry={conversation.load} />}
          {turns === undefined && loadError === undefined && <Loading what="the conversation" rows={5} />}
          {isEmpty && opening}
          {hasOlder && (
            <button type="button" class="button older" onClick={() => void conversation.loadOlder()}>
              Earlier turns
            </button>
          )}
          {turns?.map((turn) => (
            <StoredTurn
              key={turn.id}
              roomId={roomId}
              turn={turn}
              roster={roster}
              onRetry={turn.id === latestId && live === undefined ? retry : undefined}
              onDelete={setToDelete}
              readDetail={conversation.detail}
              nameOfFile={nameOfFile}
            />
          ))}
          {live && <RunningTurn {...{ live, roster, nameOf, modelOf }} />}
          <WaitingTurns waiting={waiting} onWithdraw={(turnId) => void conversation.withdraw(turnId)} />
        </div>
      </div>
      {toDelete && (
        <DeleteDialog
          message={toDelete}
          onDelete={({ turnId, messageId }) => conversation.deleteMessage(turnId, messageId)}
          onClose={() => setToDelete(undefined)}
        />
      )}
      <div class="dock">
        {refusal && <ProblemNote error={refusal} onClose={conversation.dismissRefusal} />}
        {children}
      </div>
    </section>
  );
}

/** The message that is to be deleted, while the person is asked. Afterwards the turns have the focus, if the button that had it is gone. */
function useDeletion(scroller: { current: HTMLElement | null }) {
  const [toDelete, setToDelete] = useState<StoredMessage>();
  const wasAsked = useRef(false);
  useEffect(() => {
    const isOver = wasAsked.current && toDelete === undefined;
    wasAsked.current = toDelete !== undefined;
    if (isOver && document.activeElement === document.body) scroller.current?.focus();
  }, [toDelete]);
  return [toDelete, setToDelete] as const;
}

function useScroll(conversation: Conversation, { turns, live }: ConversationState) {
  const scroller = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const lastTop = useRef(0);
  const oldestId = turns?.[0]?.id;
  const before = useRef({ oldestId, height: 0 });
  const onScroll = () => {
    const element = scroller.current;
    if (element === null) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    // Only a person scrolls up; content that grows moves the end away, and the view goes after it.
    if (scrollTop < lastTop.current) isFollowing.current = false;
    if (scrollHeight - scrollTop - clientHeight < followPx) isFollowing.current = true;
    lastTop.current = scrollTop;
    if (scrollTop < olderPx) void conversation.loadOlder();
  };
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    if (isFollowing.current) element.scrollTop = element.scrollHeight;
    // What came in above must not move what the person reads.
    else if (oldestId !== before.current.oldestId) {
      element.scrollTop += element.scrollHeight - before.current.height;
    }
    before.current = { oldestId, height: element.scrollHeight };
  }, [oldestId, turns, live]);
  useEffect(() => {
    const content = scroller.current?.firstElementChild;
    if (content === null || content === undefined) return;
    const observer = new ResizeObserver(() => {
      const element = scroller.current;
      if (element !== null && isFollowing.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(content);
    return () => observer.disconnect();
  }, []);
  return { scroller, onScroll };
}

/** The same list while its entries are the same. */
function useStable(list: readonly string[]): readonly string[] {
  const kept = useRef(list);
  if (kept.current.join("\n") !== list.join("\n")) kept.current = list;
  return kept.current;
}
