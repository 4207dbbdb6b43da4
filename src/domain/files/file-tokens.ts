/** Estimated tokens of file text that agents may still be given. All figures are unscaled. */
export type FileTokens = {
  /**
   * Takes at most `maxTokens` before the text is read. Where running calls hold what is left, it waits for them: most use
   * less than they hold. Null: too little is left to be of use.
   */
  reserve(maxTokens: number): Promise<FileTokenReservation | null>;
};

export type FileTokenReservation = {
  tokens: number;
  /** Returns what was not used. */
  end(usedTokens: number): void;
};

/** Less than was wanted, and less than this, is not worth a call. */
const minTokens = 100;

/** Calls that run at once share what is left. */
export function createFileTokens(maxTokens: number, usedTokens = 0): FileTokens {
  let left = maxTokens - usedTokens;
  let running = 0;
  let oneEnds = Promise.withResolvers<void>();
  return {
    async reserve(wanted) {
      const isTooLittle = () => Math.floor(left) < Math.min(wanted, minTokens);
      while (isTooLittle() && running > 0) await oneEnds.promise;
      if (isTooLittle()) return null;
      const tokens = Math.min(wanted, Math.floor(left));
      left -= tokens;
      running += 1;
      return {
        tokens,
        end(used) {
          left += tokens - used;
          running -= 1;
          oneEnds.resolve();
          oneEnds = Promise.withResolvers();
        },
      };
    },
  };
}

/** What both allow. */
export function bothFileTokens(first: FileTokens, second: FileTokens): FileTokens {
  return {
    async reserve(wanted) {
      const outer = await first.reserve(wanted);
      if (outer === null) return null;
      const inner = await second.reserve(outer.tokens);
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
