/** Estimated tokens of file text that agents may still be given. All figures are unscaled. */
export type FileTokens = {
  /** Takes at most `maxTokens` before the text is read. Null: too little is left to be of use. */
  reserve(maxTokens: number): FileTokenReservation | null;
};

export type FileTokenReservation = {
  tokens: number;
  /** Gives back what was not used. */
  end(usedTokens: number): void;
};

/** Less than was wanted, and less than this, is not worth a call. */
const minTokens = 100;

/** Calls that run at once share what is left. */
export function createFileTokens(maxTokens: number, usedTokens = 0): FileTokens {
  let left = maxTokens - usedTokens;
  return {
    reserve(wanted) {
      const tokens = Math.min(wanted, Math.floor(left));
      if (tokens < Math.min(wanted, minTokens)) return null;
      left -= tokens;
      return {
        tokens,
        end(used) {
          left += tokens - used;
        },
      };
    },
  };
}

/** What both allow. */
export function bothFileTokens(first: FileTokens, second: FileTokens): FileTokens {
  return {
    reserve(wanted) {
      const outer = first.reserve(wanted);
      if (outer === null) return null;
      const inner = second.reserve(outer.tokens);
      if (inner === null) {
        outer.end(0);
        return null;
      }
      return {
        tokens: inner.tokens,
        end(used) {
          inner.end(used);
          outer.end(used);
        },
      };
    },
  };
}
