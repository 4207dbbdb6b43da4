/** A range of messages, by `seq`, that a prompt leaves out, and why. */
export type DroppedRange = { from: number; to: number; reason: string };

/** Joins ascending `seq`s to ranges `[from, to]`, so that an audit row stays small. */
export function toSeqRanges(seqs: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const seq of seqs) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === seq - 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}

/** The gaps in ascending `seqs`, from `from` to their last one. */
function toMissingRanges(from: number, seqs: readonly number[]): [number, number][] {
  return seqs.flatMap((seq, index): [number, number][] => {
    const expected = index === 0 ? from : (seqs[index - 1] ?? 0) + 1;
    return seq > expected ? [[expected, seq - 1]] : [];
  });
}

/** Like `toSeqRanges`, for messages that were left out. A range has one reason. */
export function toDroppedRanges(dropped: readonly { seq: number; reason: string }[]): DroppedRange[] {
  const reasons = [...new Set(dropped.map(({ reason }) => reason))];
  return reasons.flatMap((reason) =>
    toSeqRanges(dropped.filter((entry) => entry.reason === reason).map(({ seq }) => seq)).map(
      ([from, to]) => ({
        from,
        to,
        reason,
      }),
    ),
  );
}

/** Messages after the summary that were not read: the window has no room for them, or a retry superseded them. */
export function listNotRead(summarisedToSeq: number, readSeqs: readonly number[]): DroppedRange[] {
  return toMissingRanges(summarisedToSeq + 1, readSeqs).map(([from, to]) => ({
    from,
    to,
    reason: "not_read",
  }));
}
