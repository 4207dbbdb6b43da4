/** Text that is already markup. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Slot = string | number | Markup | readonly Slot[];

/** Builds markup from a template. Values are escaped, unless they are markup themselves. */
export function html(template: TemplateStringsArray, ...slots: Slot[]): Markup {
  return new Markup(String.raw({ raw: template }, ...slots.map(toText)));
}

/** Renders text: `words between backticks` are code, and links where `linkFor` returns a target. */
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
