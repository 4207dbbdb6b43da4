import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Reply, ToolCall, Turn, TurnDetail } from "../api/types.ts";
import { formatCredits, plural } from "../parts/format.ts";
import { toneOf } from "../parts/tone.ts";
import { Link, pathOf } from "../router.tsx";
import { Bubble, type BubbleFacts, BubbleNote } from "./bubble.tsx";
import { DeleteButton } from "./delete-button.tsx";
import type { StoredMessage } from "./delete-dialog.tsx";
import { FailureNote } from "./failure-note.tsx";
import { once } from "./once.ts";
import { RoutingFold } from "./routing-fold.tsx";
import { ToolFold } from "./tool-fold.tsx";
import { UserMessage } from "./user-message.tsx";

export type StoredTurnProps = {
  roomId: string;
  turn: Turn;
  /** Keys of the room's agents, in order. */
  roster: readonly string[];
  /** Absent where it cannot be retried. */
  onRetry: ((turnId: string) => void) | undefined;
  onDelete: (message: StoredMessage) => void;
  readDetail: (turnId: string) => Promise<TurnDetail | undefined>;
  nameOfFile: (fileId: string) => string;
};

/** A turn that is stored. Its models, times and costs are asked for when it comes into sight. */
export const StoredTurn: (props: StoredTurnProps) => VNode = once(
  ({ roomId, turn, roster, onRetry, onDelete, readDetail, nameOfFile }: StoredTurnProps) => {
    const element = useRef<HTMLElement>(null);
    const detail = useDetailInSight(element, turn, readDetail);
    const hasQuestion = turn.user_input !== "";
    const failed = turn.replies.filter(({ status }) => status === "failed");
    return (
      <section class="turn" ref={element} aria-label={`Turn ${turn.turn_index}`}>
        <UserMessage text={turn.user_input} at={turn.created_at}>
          {hasQuestion && <DeleteButton name="your message" onClick={() => onDelete(questionOf(turn))} />}
        </UserMessage>
        {detail && <RoutingFold detail={detail} />}
        {turn.replies.map((reply) => (
          <ReplyBubble key={reply.message_id} {...{ reply, turn, detail, roster, onDelete, nameOfFile }} />
        ))}
        <footer class="turn-foot">
          {failed.length > 0 && hasQuestion && onRetry && (
            <button type="button" class="button" onClick={() => onRetry(turn.id)}>
              Ask {failed.length === 1 ? (failed[0]?.agent_name ?? "it") : plural(failed.length, "agent")}{" "}
              again
            </button>
          )}
          <span>{formatCredits(turn.usage.credits)} credits</span>
          <span>{plural(turn.usage.total_tokens, "token")}</span>
          <Link to={pathOf.turn(roomId, turn.session_id, turn.id)}>Receipt</Link>
        </footer>
      </section>
    );
  },
);

type ReplyProps = {
  reply: Reply;
  turn: Turn;
  detail: TurnDetail | undefined;
  roster: readonly string[];
  onDelete: (message: StoredMessage) => void;
  nameOfFile: (fileId: string) => string;
};

function questionOf(turn: Turn): StoredMessage {
  return { turnId: turn.id, messageId: undefined, name: "your message" };
}

function ReplyBubble({ reply, turn, detail, roster, onDelete, nameOfFile }: ReplyProps) {
  const text = reply.status === "completed" ? reply.content : (reply.partial ?? "");
  const name = `the answer of ${reply.agent_name}`;
  const tools = turn.tool_calls.filter(({ step }) => step === reply.step);
  const badge =
    reply.role === "synthesis" ? "Synthesis" : (reply.round ?? 1) > 1 ? `Round ${reply.round}` : undefined;
  return (
    <Bubble
      name={reply.agent_name}
      tone={toneOf(reply.agent_key, roster)}
      text={text}
      facts={detail === undefined ? {} : factsOf(detail, reply.step)}
      badge={badge}
      actions={
        text !== "" && (
          <DeleteButton
            name={name}
            onClick={() => onDelete({ turnId: turn.id, messageId: reply.message_id, name })}
          />
        )
      }
    >
      {tools.map((call) => (
        <StoredTool key={call.id} call={call} />
      ))}
      <Cited
        pages={turn.citations.filter(({ agent_key: key }) => key === reply.agent_key)}
        {...{ nameOfFile }}
      />
      <ReplyNotes reply={reply} />
    </Bubble>
  );
}

type CitedProps = { pages: Turn["citations"]; nameOfFile: (fileId: string) => string };

/** Pages of files that the agent was given, by what its tools did and not by what it says. */
function Cited({ pages, nameOfFile }: CitedProps) {
  if (pages.length === 0) return null;
  const byFile = Map.groupBy(pages, ({ file_id: id }) => id);
  return (
    <details class="fold cited">
      <summary>
        Read {plural(pages.length, "page")} of {plural(byFile.size, "file")}
      </summary>
      <ul>
        {[...byFile].map(([id, found]) => (
          <li key={id}>
            {nameOfFile(id)}, page {found.map(({ page }) => page).join(", ")}
          </li>
        ))}
      </ul>
    </details>
  );
}

function StoredTool({ call }: { call: ToolCall }) {
  const isCut = call.texts_cut === true;
  return (
    <ToolFold
      name={call.tool_name}
      status={call.status}
      input={isCut ? "Left out: the turn is too large." : call.input}
      output={isCut ? undefined : call.output}
    />
  );
}

function ReplyNotes({ reply }: { reply: Reply }) {
  return (
    <>
      {reply.status === "failed" && (
        <FailureNote name={reply.agent_name} failure={reply.error ?? { code: "", message: "" }} />
      )}
      {reply.finish_reason === "length" && (
        <BubbleNote>Cut at the agent's output limit. Raise it, or ask for the rest.</BubbleNote>
      )}
      {reply.content_cut && <BubbleNote>Too long to show here. The receipt has more.</BubbleNote>}
      {reply.deleted && <BubbleNote>This answer was deleted.</BubbleNote>}
      {reply.stale && <BubbleNote>Written before a retry brought another answer.</BubbleNote>}
    </>
  );
}

/** Model, time and cost of one step: the sums of its calls. */
export function factsOf(detail: TurnDetail, step: string): BubbleFacts {
  const calls = detail.llm_calls.filter((call) => call.step === step);
  const last = calls.at(-1);
  if (last === undefined) return {};
  const ms = calls.reduce((sum, call) => sum + call.latency_ms, 0);
  const credits = calls.reduce((sum, call) => sum + Number(call.credits), 0);
  return { model: last.model_alias, ms, credits: String(credits) };
}

function useDetailInSight(
  element: { current: HTMLElement | null },
  turn: Turn,
  readDetail: StoredTurnProps["readDetail"],
): TurnDetail | undefined {
  const [detail, setDetail] = useState<{ of: Turn; value: TurnDetail | undefined }>();
  useEffect(() => {
    let isGone = false;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      void readDetail(turn.id).then((value) => isGone || setDetail({ of: turn, value }));
    });
    if (element.current !== null) observer.observe(element.current);
    return () => {
      isGone = true;
      observer.disconnect();
    };
  }, [turn, readDetail]);
  return detail?.of === turn ? detail.value : undefined;
}
