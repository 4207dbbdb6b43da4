/** Says where a word may be broken. A search would not find the word with it. */
const softHyphen = "\u00ad";

type Table = { rows: string[][]; cells: string[]; cell: string };

/**
 * Collects a document's text block by block. Tables become Markdown. A table within a cell becomes text of the cell.
 */
export class BlockWriter {
  readonly #blocks: string[] = [];
  #block = "";
  #depth = 0;
  #table: Table | null = null;

  add(written: string): void {
    const text = written.replaceAll(softHyphen, "");
    if (this.#table === null) this.#block += text;
    else this.#table.cell += text.replace(/\s+/g, " ");
  }

  endLine(): void {
    if (this.#table === null) this.#block += "\n";
    else this.#table.cell += " ";
  }

  endBlock(): void {
    const table = this.#table;
    if (table !== null) {
      if (table.cell !== "" && !table.cell.endsWith(" ")) table.cell += " ";
      return;
    }
    const text = this.#block.replace(/[ \t]+$/gm, "").replace(/^\n+|\n+$/g, "");
    if (text.trim() !== "") this.#blocks.push(text);
    this.#block = "";
  }

  openTable(): void {
    this.endBlock();
    this.#depth += 1;
    if (this.#depth === 1) this.#table = { rows: [], cells: [], cell: "" };
  }

  closeTable(): void {
    this.#depth = Math.max(0, this.#depth - 1);
    if (this.#depth > 0 || this.#table === null) return;
    const text = formatTable(this.#table.rows);
    this.#table = null;
    if (text !== "") this.#blocks.push(text);
  }

  endCell(): void {
    const table = this.#outerTable();
    if (table === null) return;
    table.cells.push(table.cell.trim().replaceAll("|", "\\|"));
    table.cell = "";
  }

  endRow(): void {
    const table = this.#outerTable();
    if (table === null) return;
    if (table.cells.length > 0) table.rows.push(table.cells);
    table.cells = [];
  }

  result(): string {
    this.endBlock();
    return this.#blocks.join("\n\n");
  }

  /** Null within a table of a cell: its cells and rows are text. */
  #outerTable(): Table | null {
    return this.#depth > 1 ? null : this.#table;
  }
}

function formatTable(rows: readonly string[][]): string {
  const [header, ...others] = rows;
  if (header === undefined) return "";
  const format = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [format(header), format(header.map(() => "---")), ...others.map(format)].join("\n");
}
