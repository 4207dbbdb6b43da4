import { Parser } from "htmlparser2";
import { ParseError } from "./parse-error.ts";
import { parseLimits } from "./parse-limits.ts";

export type XmlHandler = {
  /** `name` with its prefix. Office files always use the same prefixes. */
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  text?(text: string): void;
  close?(name: string): void;
};

const sliceCharacters = 65_536;

/**
 * Reads XML or HTML event by event, without a tree in memory.
 * @throws ParseError `file_too_complex` where elements are nested too deep.
 */
export function readMarkup(markup: string, handler: XmlHandler, { xml }: { xml: boolean }): void {
  let depth = 0;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        depth += 1;
        if (depth > parseLimits.maxDepth) throw new ParseError("file_too_complex");
        handler.open?.(name, attributes);
      },
      ontext: (text) => handler.text?.(text),
      onclosetag(name) {
        depth -= 1;
        handler.close?.(name);
      },
    },
    { xmlMode: xml, decodeEntities: true },
  );
  for (let start = 0; start < markup.length; start += sliceCharacters) {
    parser.write(markup.slice(start, start + sliceCharacters));
  }
  parser.end();
}

/** Decodes XML of an Office file: UTF-16 if it has a byte order mark, else UTF-8. */
export function decodeXml(bytes: Uint8Array): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return new TextDecoder(isUtf16 ? (bytes[0] === 0xff ? "utf-16le" : "utf-16be") : "utf-8").decode(bytes);
}
