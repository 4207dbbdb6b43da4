/** Why a file has no text. */
export const fileErrorCodes = {
  file_encrypted: "The file is encrypted. Upload it without a password.",
  file_unreadable: "The file is damaged, or its name has the ending of another format.",
  file_too_complex: "The file is larger or deeper inside than the limits allow.",
  parse_gave_up: "The file could not be parsed. It can be parsed again.",
} as const;

export type FileErrorCode = keyof typeof fileErrorCodes;
