/** Takes a text in pieces and gives on what of it is certain; what it held back comes with its end. */
export type TextFilter = { push(piece: string): string; end(): string };

/** Filters one after the other. */
export function chainFilters(...filters: readonly TextFilter[]): TextFilter {
  return {
    push: (piece) => filters.reduce((text, filter) => filter.push(text), piece),
    end: () => filters.reduce((text, filter) => filter.push(text) + filter.end(), ""),
  };
}

/**
 * What Postgres can hold and UTF-8 can say: NUL is dropped, half a surrogate pair becomes U+FFFD. A pair may be cut
 * in two by the pieces.
 */
export function createStorableFilter(): TextFilter {
  let half = "";
  return {
    push(piece) {
      const text = half + piece.replaceAll("\u0000", "");
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
