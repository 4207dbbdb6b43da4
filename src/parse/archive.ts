import { type UnzipFileInfo, unzipSync } from "fflate";
import { ParseError } from "./parse-error.ts";
import { parseLimits } from "./parse-limits.ts";

/** The files of an archive that were asked for, unpacked, by name. */
export type ArchiveFiles = ReadonlyMap<string, Uint8Array>;

/**
 * Unpacks the files of a ZIP archive that `isWanted` names. Sizes are taken from the archive's directory, and
 * no file is given more room than it says there: what lies about its size is cut, never unpacked without bound.
 * @throws ParseError `file_unreadable`; `file_too_complex` over the limits of entries or unpacked bytes.
 */
export function unpackArchive(bytes: Uint8Array, isWanted: (name: string) => boolean): ArchiveFiles {
  let entries = 0;
  let unpackedBytes = 0;
  const filter = ({ name, originalSize }: UnzipFileInfo) => {
    entries += 1;
    if (entries > parseLimits.maxArchiveEntries) throw new ParseError("file_too_complex");
    if (!isWanted(name)) return false;
    unpackedBytes += originalSize;
    if (unpackedBytes > parseLimits.maxUnpackedBytes) throw new ParseError("file_too_complex");
    return true;
  };
  try {
    return new Map(Object.entries(unzipSync(bytes, { filter })));
  } catch (error) {
    throw error instanceof ParseError ? error : new ParseError("file_unreadable", { cause: error });
  }
}
