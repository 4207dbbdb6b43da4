import "../style/room.css";
import "../style/conversation.css";
import "../style/markdown.css";
import { useEffect, useMemo, useState } from "preact/hooks";
import { api } from "../app-context.ts";
import { createConversation } from "../conversation/conversation.ts";
import { Empty, Loading, ProblemNote } from "../parts/states.tsx";
import { useLoad } from "../parts/use-load.ts";
import { Link, navigate, pathOf } from "../router.tsx";
import { RoomLayout } from "./room-layout.tsx";
import type { RoomParts } from "./room-parts.ts";

type RoomScreenProps = { roomId: string; sessionId: string | undefined };

export function RoomScreen({ roomId, sessionId }: RoomScreenProps) {
  const room = useLoad(`room ${roomId}`, () => loadRoom(roomId));
  const { value, error } = room;
  useEffect(() => {
    if (value === undefined || sessionId !== undefined) return;
    const latest = value.sessions[0];
    if (latest !== undefined) navigate(pathOf.session(roomId, latest.id), { replace: true });
  }, [value, sessionId, roomId]);
  if (error?.problem.code === "not_found") {
    return (
      <Empty title="There is no such room, or it is not yours.">
        <Link to={pathOf.rooms} class="button">
          To your rooms
        </Link>
      </Empty>
    );
  }
  if (error !== undefined) return <ProblemNote error={error} onRetry={room.reload} />;
  if (value === undefined || sessionId === undefined) return <Loading what="the room" rows={6} />;
  const change = (part: Partial<RoomParts>) => room.set({ ...value, ...part });
  return (
    <OpenRoom key={sessionId} parts={value} change={change} reload={room.reload} sessionId={sessionId} />
  );
}

/** A room always has a session to write in. */
async function loadRoom(roomId: string): Promise<RoomParts> {
  const [room, agents, sessions, files] = await Promise.all([
    api.room(roomId),
    api.agents(roomId),
    api.sessions(roomId),
    api.files(roomId),
  ]);
  return {
    room,
    agents,
    files,
    sessions: sessions.length > 0 ? sessions : [await api.startSession(roomId)],
  };
}

type OpenRoomProps = {
  parts: RoomParts;
  change: (part: Partial<RoomParts>) => void;
  reload: () => Promise<void>;
  sessionId: string;
};

function OpenRoom({ parts, change, reload, sessionId }: OpenRoomProps) {
  const [stored, setStored] = useState(0);
  const conversation = useMemo(
    () => createConversation(api, sessionId, () => setStored((count) => count + 1)),
    [sessionId],
  );
  useEffect(() => {
    void conversation.load();
    return conversation.close;
  }, [conversation]);
  useEffect(() => {
    // A turn makes the pending mode the current one, and names a session.
    if (stored > 0) void reload();
  }, [stored]);
  return <RoomLayout {...{ parts, change, conversation, sessionId }} />;
}
