/** A file's text, by Vite. */
declare module "*?raw" {
  const text: string;
  export default text;
}

/** Of Vite's `import.meta.glob` what tests use: by path, the texts of files, or their bytes as addresses of data. */
interface ImportMeta {
  glob(
    pattern: string,
    options: { query: "?raw" | "?url&inline"; import: "default"; eager: true },
  ): Record<string, string>;
}
