/** A tag as `domain/tags.ts` reads it, and what may stand between it and what follows. */
const leadingTag = /\s*(?<![\p{L}\p{N}_.\-@])@[A-Za-z0-9_-]+[\s,.:;]+/uy;

/** The message after the tags it begins with; a tool's prefix may stand there. Takes linear time. */
export function afterLeadingTags(message: string): string {
  let start = 0;
  for (;;) {
    leadingTag.lastIndex = start;
    if (!leadingTag.test(message)) return message.slice(start).trimStart();
    start = leadingTag.lastIndex;
  }
}
