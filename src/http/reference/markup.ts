/** A piece of a page that is markup already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Slot = string | number | Markup | readonly Slot[];

/** Builds markup from a template. Whatever is put into it is escaped, unless it is markup itself. */
export function html(template: TemplateStringsArray, ...slots: Slot[]): Markup {
  return new Markup(String.raw({ raw: template }, ...slots.map(toText)));
}

/** Text in which `words between backticks` are code; `linkFor` may make a link of one. */
export function renderText(
  text: string,
  linkFor: (word: string) => string | undefined = () => undefined,
): Markup[] {
  return text.split("`").map((part, index) => {
    if (index % 2 === 0) return html`${part}`;
    const target = linkFor(part);
    const code = html`<code>${part}</code>`;
    return target === undefined ? code : html`<a href="${target}">${code}</a>`;
  });
}

function toText(slot: Slot): string {
  if (slot instanceof Markup) return slot.text;
  if (typeof slot === "string" || typeof slot === "number") return escapeText(String(slot));
  return slot.map(toText).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
