import { explain } from "../api/problem.ts";
import type { RoomFile } from "../api/types.ts";
import { formatBytes, plural } from "../parts/format.ts";
import { ProblemNote } from "../parts/states.tsx";
import type { Files } from "./files.ts";

/** The files of the room, each with the state of its parsing. */
export function FileList({ files }: { files: Files }) {
  const { list, uploads, error } = files;
  return (
    <section class="side">
      <h2>Files</h2>
      {error && <ProblemNote error={error} />}
      {list.length === 0 && uploads.length === 0 && (
        <p class="help">Drop documents here. Agents that may read files can cite them.</p>
      )}
      <ul class="side-list" aria-live="polite">
        {uploads.map((upload) => (
          <li key={upload.id} class="file">
            <span class="file-name">{upload.name}</span>
            <small class={upload.error ? "bad" : ""}>
              {upload.error ? explain(upload.error).title : "uploading…"}
              {upload.error && ` ${explain(upload.error).text}`}
            </small>
            {upload.error && (
              <button
                type="button"
                class="button button-quiet"
                aria-label={`Forget ${upload.name}`}
                onClick={() => files.dismiss(upload.id)}
              >
                ×
              </button>
            )}
          </li>
        ))}
        {list.map((file) => (
          <FileRow key={file.id} file={file} files={files} />
        ))}
      </ul>
    </section>
  );
}

function FileRow({ file, files }: { file: RoomFile; files: Files }) {
  const isFailed = file.status === "failed";
  return (
    <li class="file" data-status={file.status}>
      <span class="file-name" title={file.preview ?? file.name}>
        {file.name}
      </span>
      <small class={isFailed ? "bad" : ""}>{stateOf(file)}</small>
      {isFailed && (
        <button type="button" class="button" onClick={() => void files.parseAgain(file)}>
          Read again
        </button>
      )}
      <button
        type="button"
        class="button button-quiet file-remove"
        aria-label={`Delete ${file.name}`}
        onClick={() => void files.remove(file)}
      >
        ×
      </button>
    </li>
  );
}

function stateOf(file: RoomFile): string {
  switch (file.status) {
    case "pending":
      return `${formatBytes(file.bytes)}, waits to be read`;
    case "parsing":
      return `${formatBytes(file.bytes)}, being read…`;
    case "failed":
      return file.error?.message ?? "It could not be read.";
    case "ready": {
      if (file.no_text) return "has no text: a scan?";
      const pages = plural(file.page_count ?? 0, "page");
      return file.truncated ? `${file.pages_read} of ${pages} read` : pages;
    }
  }
}
