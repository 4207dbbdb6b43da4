/** A file's text, by Vite. */
declare module "*?raw" {
  const text: string;
  export default text;
}

/** Of Vite's `import.meta.glob` what tests use: the texts of files, or the modules, by path. */
interface ImportMeta {
  glob(pattern: string, options: { query: "?raw"; import: "default"; eager: true }): Record<string, string>;
  glob(pattern: string): Record<string, () => Promise<Record<string, unknown>>>;
}
