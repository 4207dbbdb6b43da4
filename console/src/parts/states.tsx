import type { ComponentChildren } from "preact";
import { type ApiError, explain } from "../api/problem.ts";

/** Grey bars in the place of content that is loading. */
export function Loading({ what, rows = 3 }: { what: string; rows?: number }) {
  return (
    <div class="loading" role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} class="loading-bar" />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

type NoteProps = { error: ApiError; onRetry?: (() => void) | undefined; onClose?: () => void };

/** What went wrong, in words that help; the request id is what an operator asks for. */
export function ProblemNote({ error, onRetry, onClose }: NoteProps) {
  const { title, text } = explain(error);
  const { request_id: requestId } = error.problem;
  return (
    <div class="note note-bad" role="alert">
      <div class="note-text">
        <strong>{title}.</strong> {text}
        {requestId !== undefined && <small class="note-id">Request {requestId}</small>}
      </div>
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      )}
      {onClose && (
        <button type="button" class="button button-quiet" aria-label="Close this message" onClick={onClose}>
          ×
        </button>
      )}
    </div>
  );
}
