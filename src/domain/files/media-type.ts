import type { FileKind } from "./file-kind.ts";

const mediaTypes: Readonly<Record<FileKind, string>> = {
  pdf: "application/pdf",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  html: "text/html",
  csv: "text/csv",
  tsv: "text/tab-separated-values",
  markdown: "text/markdown",
  text: "text/plain",
};

/** The media type of a file, as the API shows it. For a ZIP archive it follows from the ending of the name. */
export function mediaTypeOf(kind: FileKind | "zip", name: string): string {
  if (kind !== "zip") return mediaTypes[kind];
  const office = (["docx", "pptx", "xlsx"] as const).find((ending) =>
    name.toLowerCase().endsWith(`.${ending}`),
  );
  return office === undefined ? "application/zip" : mediaTypes[office];
}
