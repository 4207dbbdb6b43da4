import { useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { Session } from "../api/types.ts";
import { api } from "../app-context.ts";
import { formatAgo } from "../parts/format.ts";
import { ProblemNote } from "../parts/states.tsx";
import { Link, navigate, pathOf } from "../router.tsx";
import type { ChangeParts, RoomParts } from "./room-parts.ts";

type SessionListProps = { parts: RoomParts; change: ChangeParts; sessionId: string };

/** The sessions of the room, latest first. */
export function SessionList({ parts, change, sessionId }: SessionListProps) {
  const { room, sessions } = parts;
  const [error, setError] = useState<ApiError>();
  const attempt = (work: Promise<unknown>) => work.catch((failure: unknown) => setError(toApiError(failure)));
  const start = async () => {
    const session = await api.startSession(room.id);
    change({ sessions: [session, ...sessions] });
    navigate(pathOf.session(room.id, session.id));
  };
  const remove = async (session: Session) => {
    await api.deleteSession(session.id);
    const left = sessions.filter(({ id }) => id !== session.id);
    change({ sessions: left });
    if (session.id === sessionId) navigate(pathOf.room(room.id));
  };
  return (
    <section class="side">
      <div class="side-head">
        <h2>Sessions</h2>
        <button type="button" class="button" onClick={() => void attempt(start())}>
          New
        </button>
      </div>
      {error && <ProblemNote error={error} />}
      <ul class="side-list">
        {sessions.map((session) => (
          <li key={session.id} class="session">
            <Link
              to={pathOf.session(room.id, session.id)}
              aria-current={session.id === sessionId ? "page" : undefined}
            >
              {titleOf(session)}
            </Link>
            {sessions.length > 1 && (
              <button
                type="button"
                class="button button-quiet session-remove"
                aria-label={`Delete the session ${titleOf(session)}`}
                onClick={() => void attempt(remove(session))}
              >
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function titleOf({ title, created_at: startedAt }: Session): string {
  return title ?? `New, ${formatAgo(startedAt)}`;
}
