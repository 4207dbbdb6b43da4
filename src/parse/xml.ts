import { Parser } from "htmlparser2";
import { ParseError } from "./parse-error.ts";
import { parseLimits } from "./parse-limits.ts";

export type XmlHandler = {
  /** `name` as it is written, prefix included; in XML the prefixes of Office files are always the same. */
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  text?(text: string): void;
  close?(name: string): void;
};

const sliceCharacters = 65_536;

/**
 * Reads XML or HTML event by event; nothing is built in memory.
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
  for (let at = 0; at < markup.length; at += sliceCharacters) {
    parser.write(markup.slice(at, at + sliceCharacters));
  }
  parser.end();
}

/** XML of an Office file: UTF-8 by its standard, UTF-16 where a mark says so. */
export function decodeXml(bytes: Uint8Array): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return new TextDecoder(isUtf16 ? (bytes[0] === 0xff ? "utf-16le" : "utf-16be") : "utf-8").decode(bytes);
}
