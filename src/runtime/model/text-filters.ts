import { withoutNul } from "../../domain/text/storable-text.ts";

/** Takes a text in pieces. `push` returns what is certain; `end` returns what was held back. */
export type TextFilter = { push(piece: string): string; end(): string };

/** Filters one after the other. */
export function chainFilters(...filters: readonly TextFilter[]): TextFilter {
  return {
    push: (piece) => filters.reduce((text, filter) => filter.push(text), piece),
    end: () => filters.reduce((text, filter) => filter.push(text) + filter.end(), ""),
  };
}

/**
 * `toStorableText` for a text that comes in pieces. The end of a piece may be half of a surrogate pair whose other half
 * begins the next piece.
 */
export function createStorableFilter(): TextFilter {
  let half = "";
  return {
    push(piece) {
      const text = half + withoutNul(piece);
      half = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.slice(-1) : "";
      return text.slice(0, text.length - half.length).toWellFormed();
    },
    end() {
      const rest = half.toWellFormed();
      half = "";
      return rest;
    },
  };
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
