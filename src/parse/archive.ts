import { type UnzipFileInfo, unzipSync } from "fflate";
import { ParseError } from "./parse-error.ts";
import { parseLimits } from "./parse-limits.ts";

/** Unpacked files of an archive, by name. */
export type ArchiveFiles = ReadonlyMap<string, Uint8Array>;

/**
 * Unpacks the files of a ZIP archive that `isWanted` accepts. The archive's directory states their sizes. A file that is
 * larger than stated is cut, so unpacking is always bounded.
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
