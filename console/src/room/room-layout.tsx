import { useState } from "preact/hooks";
import { useAccount } from "../app-context.ts";
import { useCell } from "../cell.ts";
import { Composer, takeFiles } from "../conversation/composer.tsx";
import type { Conversation } from "../conversation/conversation.ts";
import { ConversationView } from "../conversation/conversation-view.tsx";
import { modeWords } from "../rooms/mode-words.ts";
import { Link, pathOf } from "../router.tsx";
import { FileList } from "./file-list.tsx";
import { useFiles } from "./files.ts";
import { ModeChoice } from "./mode-choice.tsx";
import { Opening } from "./opening.tsx";
import type { ChangeParts, RoomParts } from "./room-parts.ts";
import { RoomSettings } from "./room-settings.tsx";
import { Roster } from "./roster.tsx";
import { SessionList } from "./session-list.tsx";
import { UsagePanel } from "./usage-panel.tsx";

type LayoutProps = {
  parts: RoomParts;
  change: ChangeParts;
  conversation: Conversation;
  sessionId: string;
};

/** Left what the room is made of, in the middle the conversation, right what it costs. */
export function RoomLayout({ parts, change, conversation, sessionId }: LayoutProps) {
  const { room, agents } = parts;
  const { live, refusedMessage } = useCell(conversation.state);
  const { features } = useAccount();
  const [panel, setPanel] = useState<"room" | "usage">();
  const [isOver, setOver] = useState(false);
  const files = useFiles(parts, change);
  const mode = room.pending_mode ?? room.current_mode;
  const toggle = (name: "room" | "usage") => setPanel(panel === name ? undefined : name);
  return (
    // Files may be dropped anywhere in the room; the button beside the field does the same for the keyboard.
    // biome-ignore lint/a11y/noStaticElementInteractions: see above
    <div
      class={`room ${isOver ? "room-over" : ""}`}
      data-panel={panel}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        takeFiles(event, event.dataTransfer, files.upload);
      }}
    >
      <header class="room-bar">
        <Link to={pathOf.rooms} class="room-back" aria-label="To your rooms">
          ‹
        </Link>
        <h1>{room.name}</h1>
        <span class="tag">{modeWords[mode].name}</span>
        <span class="room-bar-goal">{room.goal}</span>
        <button
          type="button"
          class="button narrow-only"
          aria-expanded={panel === "room"}
          onClick={() => toggle("room")}
        >
          Room
        </button>
        <button
          type="button"
          class="button medium-only"
          aria-expanded={panel === "usage"}
          onClick={() => toggle("usage")}
        >
          Usage
        </button>
        <RoomSettings room={room} agents={agents} onChange={(next) => change({ room: next })} />
      </header>
      <aside class="room-left" aria-label="The room">
        <SessionList parts={parts} change={change} sessionId={sessionId} />
        <Roster parts={parts} change={change} />
        <ModeChoice room={room} onChange={(next) => change({ room: next })} />
        <FileList files={files} />
      </aside>
      <ConversationView
        roomId={room.id}
        conversation={conversation}
        agents={agents}
        files={parts.files}
        opening={
          <Opening
            agents={agents}
            mode={mode}
            onStart={(message) => void conversation.send(message, "queue")}
          />
        }
      >
        <Composer
          sessionId={sessionId}
          agents={agents}
          mode={mode}
          isRunning={live !== undefined && live.state !== "sending"}
          canQueue={features.queue}
          returned={refusedMessage}
          onSend={conversation.send}
          onStop={features.cancel ? () => void conversation.stop() : undefined}
          onFiles={files.upload}
        />
      </ConversationView>
      <aside class="room-right" aria-label="Usage">
        <UsagePanel conversation={conversation} agents={agents} />
      </aside>
    </div>
  );
}
