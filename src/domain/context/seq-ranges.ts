/** Messages left out of a prompt, by their place in the session, and why. */
export type DroppedRange = { from: number; to: number; reason: string };

/** Folds ascending `seq`s into ranges `[from, to]`, so that an audit row stays small. */
export function toSeqRanges(seqs: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const seq of seqs) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === seq - 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}

/** The ranges that ascending `seqs` leave out from `from` to their own end. */
export function toMissingRanges(from: number, seqs: readonly number[]): [number, number][] {
  return seqs.flatMap((seq, place): [number, number][] => {
    const expected = place === 0 ? from : (seqs[place - 1] ?? 0) + 1;
    return seq > expected ? [[expected, seq - 1]] : [];
  });
}

/** Like `toSeqRanges` for what was left out; a range has one reason. */
export function toDroppedRanges(dropped: readonly { seq: number; reason: string }[]): DroppedRange[] {
  const reasons = [...new Set(dropped.map(({ reason }) => reason))];
  return reasons.flatMap((reason) =>
    toSeqRanges(dropped.filter((one) => one.reason === reason).map(({ seq }) => seq)).map(([from, to]) => ({
      from,
      to,
      reason,
    })),
  );
}

/** What comes after the summary and was not read: beyond what a window can hold, or superseded by a retry. */
export function listNotRead(summarisedToSeq: number, readSeqs: readonly number[]): DroppedRange[] {
  return toMissingRanges(summarisedToSeq + 1, readSeqs).map(([from, to]) => ({
    from,
    to,
    reason: "not_read",
  }));
}
