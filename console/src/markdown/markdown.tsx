import { useMemo, useRef } from "preact/hooks";
import { once } from "../conversation/once.ts";
import { splitBlocks } from "./blocks.ts";
import { readBlock } from "./parse-block.ts";
import { renderNode } from "./render-node.tsx";

/** A text of an agent. While it grows, only its last block is read again. */
export function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => splitBlocks(text), [text]);
  // Shared by the blocks of this text: one that was slow makes the others plain.
  const clock = useMemo(() => ({ isSlow: false }), []);
  const isLong = text.length > maxTextCharacters;
  return (
    <div class="markdown">
      {blocks.map((block, index) => (
        <Block key={index} text={block} clock={clock} isPlain={isLong} />
      ))}
    </div>
  );
}

/** A longer text is shown as it is. */
const maxTextCharacters = 64 * 1024;

type BlockProps = { text: string; clock: { isSlow: boolean }; isPlain: boolean };

const Block = once(({ text, clock, isPlain }: BlockProps) => {
  // The text itself and not its length: a step that starts again has another text in this place.
  const readBefore = useRef("");
  const reading = isPlain || clock.isSlow ? null : readBlock(text, readBefore.current, nowMs);
  if (reading?.isSlow) clock.isSlow = true;
  if (!reading?.tree) return <p class="plain">{text}</p>;
  readBefore.current = text;
  return <>{renderNode(reading.tree)}</>;
});

const nowMs = () => performance.now();
