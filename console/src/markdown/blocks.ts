/** Where a Markdown text can be cut into blocks that are read each for itself. */
const fence = /^ {0,3}(`{3,}|~{3,})/;
const listItem = /^ {0,3}([-*+]|\d{1,9}[.)])(\s|$)/;
const indented = /^(\s{2,}|\t)\S/;

/**
 * Cuts a text at blank lines outside of fenced code; a list stays whole. All blocks but the last are finished: text that
 * arrives later does not change them.
 */
export function splitBlocks(text: string): string[] {
  const blocks: string[] = [];
  let block: string[] = [];
  let openFence: string | undefined;
  let isList = false;
  let wasBlank = false;
  for (const line of text.split("\n")) {
    const isBlank = line.trim() === "";
    const goesOn = openFence !== undefined || (isList && (listItem.test(line) || indented.test(line)));
    if (wasBlank && !isBlank && !goesOn && block.length > 0) {
      blocks.push(block.join("\n"));
      block = [];
    }
    if (block.length === 0 && !isBlank) isList = listItem.test(line);
    block.push(line);
    wasBlank = isBlank && openFence === undefined;
    openFence = nextFence(line, openFence);
  }
  blocks.push(block.join("\n"));
  return blocks;
}

/** The fence that is open behind a line. It is closed by one of the same kind that is as long or longer. */
function nextFence(line: string, open: string | undefined): string | undefined {
  const found = fence.exec(line)?.[1];
  if (open === undefined) return found;
  const closes = found?.startsWith(open) === true && line.trim() === found;
  return closes ? undefined : open;
}
