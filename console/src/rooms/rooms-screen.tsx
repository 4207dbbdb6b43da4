import { useEffect, useState } from "preact/hooks";
import type { Room } from "../api/types.ts";
import { api } from "../app-context.ts";
import { formatAgo, formatCredits } from "../parts/format.ts";
import { Empty, Loading, ProblemNote } from "../parts/states.tsx";
import { useLoad } from "../parts/use-load.ts";
import { Link, pathOf } from "../router.tsx";
import { thisMonth } from "../usage/period.ts";
import { modeWords } from "./mode-words.ts";
import { NewRoomDialog } from "./new-room.tsx";
import { type Template, templates } from "./templates.ts";

export function RoomsScreen() {
  const { value: rooms, error, reload } = useLoad("rooms", api.rooms);
  const credits = useLoad("credits of rooms", loadCredits);
  const [search, setSearch] = useState("");
  const [dialog, setDialog] = useState<Template>();
  useEffect(() => {
    // The browser's own tools, and the tests, read from it how long a person waits.
    if (rooms !== undefined) performance.mark("rooms-shown");
  }, [rooms]);
  return (
    <div class="rooms">
      <header class="screen-head">
        <h1>Rooms</h1>
        <input
          type="search"
          class="search"
          placeholder="Search rooms"
          aria-label="Search rooms"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <button type="button" class="button button-main" onClick={() => setDialog(templates[0])}>
          New room
        </button>
      </header>
      {error && <ProblemNote error={error} onRetry={reload} />}
      {rooms === undefined && error === undefined && <Loading what="your rooms" rows={4} />}
      {rooms && <RoomList {...{ rooms, search }} credits={credits.value} onTemplate={setDialog} />}
      {dialog && <NewRoomDialog first={dialog} onClose={() => setDialog(undefined)} />}
    </div>
  );
}

/** What each room spent this month. */
async function loadCredits(): Promise<ReadonlyMap<string, string>> {
  const rows = await api.usage({ ...thisMonth(), groupBy: "room" });
  return new Map(rows.map(({ room, credits }) => [room ?? "", credits]));
}

type ListProps = {
  rooms: readonly Room[];
  search: string;
  /** Undefined while it is not known. The list can be used without it. */
  credits: ReadonlyMap<string, string> | undefined;
  onTemplate: (template: Template) => void;
};

function RoomList({ rooms, search, credits, onTemplate }: ListProps) {
  const words = search.trim().toLowerCase();
  const found = rooms.filter(({ name, goal }) => `${name}\n${goal ?? ""}`.toLowerCase().includes(words));
  if (rooms.length === 0) return <Templates title="Make your first room" onTemplate={onTemplate} />;
  if (found.length === 0) {
    return (
      <Empty title={`No room has “${search.trim()}” in its name or goal.`}>
        <p>You have {rooms.length} rooms.</p>
      </Empty>
    );
  }
  return (
    <>
      <ul class="room-list">
        {found.map((room) => (
          <RoomCard key={room.id} room={room} credits={credits && (credits.get(room.id) ?? "0")} />
        ))}
      </ul>
      {words === "" && rooms.length < 4 && <Templates title="Begin another" onTemplate={onTemplate} />}
    </>
  );
}

function RoomCard({ room, credits }: { room: Room; credits: string | undefined }) {
  return (
    <li>
      <Link to={pathOf.room(room.id)} class="card room-card">
        <span class="room-name">{room.name}</span>
        <span class="room-goal">{room.goal ?? "No goal yet"}</span>
        <span class="room-facts">
          <span class="tag">{modeWords[room.current_mode].name}</span>
          <span>used {formatAgo(room.last_used_at)}</span>
          {credits !== undefined && (
            <span class="room-credits" title="Spent this month">
              {formatCredits(credits)} credits
            </span>
          )}
        </span>
      </Link>
    </li>
  );
}

function Templates({ title, onTemplate }: { title: string; onTemplate: (template: Template) => void }) {
  return (
    <section class="templates">
      <h2>{title}</h2>
      <div class="template-list">
        {templates.map((template) => (
          <button
            key={template.id}
            type="button"
            class="card template-card"
            onClick={() => onTemplate(template)}
          >
            <strong>{template.name}</strong>
            <span>{template.about}</span>
          </button>
        ))}
      </div>
    </section>
  );
}
