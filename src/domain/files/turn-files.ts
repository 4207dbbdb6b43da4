import type { FilePage, RoomFile } from "./file-library.ts";

/** A file as prompts show it. `preview`: the text's first characters; null until it is ready. */
export type FileCard = RoomFile & { preview: string | null };

/** A file that the turn's message may attach. `pages` null: there is no text, or more than can be attached. */
export type MentionedFile = { file: RoomFile; pages: readonly FilePage[] | null };

/** The room's files as open read them. */
export type RoomFiles = {
  /** The newest ones, newest first. */
  cards: readonly FileCard[];
  /** How many files the room has. */
  total: number;
  mentioned: readonly MentionedFile[];
};

export const noFiles: RoomFiles = { cards: [], total: 0, mentioned: [] };

/** A file that the message attaches by its first words. */
export type Attachment = {
  /** The id of the file; where the room has no such file, the words of the message. */
  fileId: string;
  /** Undefined: the room has no such file. */
  file: RoomFile | undefined;
} & (
  | {
      kind: "whole";
      pages: readonly FilePage[];
      /** Ranges of pages, each as large as one result of a tool may be. */
      parts: readonly (readonly [from: number, to: number])[];
    }
  /** Its text is longer than may be attached. */
  | { kind: "too_long" }
  /** There is no text, or no file. */
  | { kind: "unreadable" }
);

/** What the prompts of a turn may show of the room's files. */
export type TurnFiles = Pick<RoomFiles, "cards" | "total"> & { attachments: readonly Attachment[] };

/** How much one turn may attach. */
export const attachmentBounds = {
  files: 4,
  /** Estimated tokens of one file's text. */
  tokens: 8_000,
  /** Pages of one file. */
  pages: 400,
  /** Share of an agent's input budget that all attached texts together may take. */
  budgetShare: 0.25,
} as const;
