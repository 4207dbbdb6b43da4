/** How much a user may store. Bytes are those of the uploaded files. */
export type FileLimits = {
  maxFileBytes: number;
  maxRoomBytes: number;
  maxRoomFiles: number;
  maxUserBytes: number;
};

/** A file in a form is held in memory, so it has a limit of its own. */
export const maxFileBytesOfForm = 1_048_576;

/** Characters of a file's name. */
export const maxFileNameCharacters = 255;

/** Characters of a file's text that are shown with it. */
export const previewCharacters = 300;

/** How often parsing a file is started. Then the file is given up, until its user asks to parse it again. */
export const maxParseAttempts = 4;
