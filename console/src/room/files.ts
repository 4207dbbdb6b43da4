import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { RoomFile } from "../api/types.ts";
import { api } from "../app-context.ts";
import type { ChangeParts, RoomParts } from "./room-parts.ts";

export type Upload = { id: number; name: string; error: ApiError | undefined };

export type Files = {
  list: readonly RoomFile[];
  /** What is on its way, or was refused. */
  uploads: readonly Upload[];
  upload(files: readonly File[]): void;
  dismiss(id: number): void;
  remove(file: RoomFile): Promise<void>;
  parseAgain(file: RoomFile): Promise<void>;
  error: ApiError | undefined;
};

const pollMs = 1_500;

/** The files of a room; they are read again while one is being parsed. */
export function useFiles({ room, files: list }: RoomParts, change: ChangeParts): Files {
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const [error, setError] = useState<ApiError>();
  const nextId = useRef(0);
  const latest = useRef(change);
  latest.current = change;
  const reload = () => api.files(room.id).then((files) => latest.current({ files }));
  const isParsing = list.some(({ status }) => status === "pending" || status === "parsing");
  useEffect(() => {
    if (!isParsing) return;
    const timer = setInterval(() => reload().catch(() => undefined), pollMs);
    return () => clearInterval(timer);
  }, [isParsing, room.id]);

  const attempt = async (work: () => Promise<unknown>) => {
    setError(undefined);
    await work().then(reload, (failure: unknown) => setError(toApiError(failure)));
  };
  const uploadOne = async (file: File) => {
    nextId.current += 1;
    const id = nextId.current;
    const settle = (next: Upload | undefined) =>
      setUploads((known) => [...known.filter((upload) => upload.id !== id), ...(next ? [next] : [])]);
    settle({ id, name: file.name, error: undefined });
    try {
      await api.uploadFile(room.id, file);
      await reload();
      settle(undefined);
    } catch (failure) {
      settle({ id, name: file.name, error: toApiError(failure) });
    }
  };
  return {
    list,
    uploads,
    error,
    upload: (files) => {
      for (const file of files) void uploadOne(file);
    },
    dismiss: (id) => setUploads((known) => known.filter((upload) => upload.id !== id)),
    remove: (file) => attempt(() => api.deleteFile(file.id)),
    parseAgain: (file) => attempt(() => api.parseFile(file.id)),
  };
}
