import { useMemo } from "preact/hooks";
import { once } from "../conversation/once.ts";
import { splitBlocks } from "./blocks.ts";
import { isReadable, maxParseMs, maxShortCharacters, parseBlock } from "./parse-block.ts";
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

const maxTextCharacters = 64 * 1024;

type BlockProps = { text: string; clock: { isSlow: boolean }; isPlain: boolean };

const Block = once(({ text, clock, isPlain }: BlockProps) => {
  if (isPlain || clock.isSlow || !isReadable(text)) return <p class="plain">{text}</p>;
  const begin = performance.now();
  const tree = parseBlock(text);
  // A short block is slow only where the machine is busy.
  if (text.length > maxShortCharacters && performance.now() - begin > maxParseMs) clock.isSlow = true;
  return <>{renderNode(tree)}</>;
});
