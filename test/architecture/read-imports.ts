export type Import = {
  /** What is written between the quotes. */
  from: string;
  isTypeOnly: boolean;
};

const staticImport =
  /(?:^|[\n;}])\s*(?:import|export)\s+(type\s)?\s*([\w$*\s{},]*?)\s*\bfrom\s*["']([^"']+)["']/g;
const bareImport = /(?:^|[\n;}])\s*import\s*["']([^"']+)["']/g;
const dynamicImport = /\b(?:import|require)\s*\(\s*(?:["'`]([^"'`]+)["'`])?/g;
/** `import("…").Type` in a type; the same text as a dynamic import, so it counts as one. */
const unreadable = "(something computed)";

/** Every import and re-export of a module; a dynamic one whose target is computed is marked as such. */
export function readImports(source: string): Import[] {
  const code = dropComments(source);
  const statics = [...code.matchAll(staticImport)].map(([, type, names = "", from = ""]) => ({
    from,
    isTypeOnly: type !== undefined || hasOnlyTypes(names),
  }));
  const values = [...code.matchAll(bareImport), ...code.matchAll(dynamicImport)];
  return [...statics, ...values.map(([, from = unreadable]) => ({ from, isTypeOnly: false }))];
}

/** Takes out comments that stand on lines of their own or after code; strings stay as they are. */
export function dropComments(source: string): string {
  return source.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/(^|\s)\/\/ .*$/gm, "$1");
}

function hasOnlyTypes(names: string): boolean {
  const [, inside = ""] = /^\{([\s\S]*)\}$/.exec(names.trim()) ?? [];
  const specifiers = inside.split(",").flatMap((name) => name.trim() || []);
  return specifiers.length > 0 && specifiers.every((name) => name.startsWith("type "));
}
