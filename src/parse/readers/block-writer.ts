/**
 * Collects a document's text block by block. Tables become Markdown. A table within a cell becomes text of the cell.
 */
export type BlockWriter = {
  add(text: string): void;
  endLine(): void;
  endBlock(): void;
  openTable(): void;
  closeTable(): void;
  endCell(): void;
  endRow(): void;
  result(): string;
};

/** Says where a word may be broken. A search would not find the word with it. */
const softHyphen = "\u00ad";

type Table = { rows: string[][]; cells: string[]; cell: string };

export function createBlockWriter(): BlockWriter {
  const blocks: string[] = [];
  let block = "";
  let depth = 0;
  let table: Table | null = null;
  const endBlock = () => {
    if (table !== null) {
      if (table.cell !== "" && !table.cell.endsWith(" ")) table.cell += " ";
      return;
    }
    const text = block.replace(/[ \t]+$/gm, "").replace(/^\n+|\n+$/g, "");
    if (text.trim() !== "") blocks.push(text);
    block = "";
  };
  return {
    add(written) {
      const text = written.replaceAll(softHyphen, "");
      if (table === null) block += text;
      else table.cell += text.replace(/\s+/g, " ");
    },
    endLine() {
      if (table === null) block += "\n";
      else table.cell += " ";
    },
    endBlock,
    openTable() {
      endBlock();
      depth += 1;
      if (depth === 1) table = { rows: [], cells: [], cell: "" };
    },
    closeTable() {
      depth = Math.max(0, depth - 1);
      if (depth > 0 || table === null) return;
      const text = formatTable(table.rows);
      table = null;
      if (text !== "") blocks.push(text);
    },
    endCell() {
      if (table === null || depth > 1) return;
      table.cells.push(table.cell.trim().replaceAll("|", "\\|"));
      table.cell = "";
    },
    endRow() {
      if (table === null || depth > 1) return;
      if (table.cells.length > 0) table.rows.push(table.cells);
      table.cells = [];
    },
    result() {
      endBlock();
      return blocks.join("\n\n");
    },
  };
}

function formatTable(rows: readonly string[][]): string {
  const [header, ...others] = rows;
  if (header === undefined) return "";
  const format = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [format(header), format(header.map(() => "---")), ...others.map(format)].join("\n");
}
