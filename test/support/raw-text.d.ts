/** A file's text, by Vite. */
declare module "*?raw" {
  const text: string;
  export default text;
}

/**
 * Of Vite's `import.meta.glob` what tests use: by path, the texts of files, their bytes as addresses of data, or the
 * modules themselves.
 */
interface ImportMeta {
  glob(
    pattern: string,
    options: { query: "?raw" | "?url&inline"; import: "default"; eager: true },
  ): Record<string, string>;
  glob(pattern: string): Record<string, () => Promise<Record<string, unknown>>>;
}
