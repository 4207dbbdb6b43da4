import type { ApiDocument } from "./document.ts";
import { html, type Markup, renderText } from "./markup.ts";

export type Schema = NonNullable<NonNullable<ApiDocument["components"]>["schemas"]>[string];

const componentPrefix = "#/components/schemas/";

/** The type of a value in a few words, with a link to the schema where it has a name. */
export function renderType(schema: Schema | undefined): Markup {
  if (schema === undefined) return html`any`;
  if ("$ref" in schema) return linkSchema(schema.$ref);
  if (schema.anyOf !== undefined || schema.oneOf !== undefined) {
    return html`${joinMarkup((schema.anyOf ?? schema.oneOf ?? []).map(renderType), " or ")}`;
  }
  const names = [schema.type ?? "any"].flat();
  const rules = listRules(schema);
  const described = names.map((name) =>
    name === "array" ? renderArray(schema) : html`${name === "null" ? name : (schema.format ?? name)}`,
  );
  return html`${joinMarkup(described, " or ")}${rules.length === 0 ? "" : html` <small>${rules.join(", ")}</small>`}`;
}

/** A list of one type, or a tuple of several. */
function renderArray({ items, prefixItems }: Exclude<Schema, { $ref: string }>): Markup {
  if (prefixItems === undefined) return html`array of ${renderType(items)}`;
  return html`[${joinMarkup(prefixItems.map(renderType), ", ")}]`;
}

/** The fields of an object, one row each; nothing for what has none. */
export function renderFields(schema: Schema | undefined): Markup {
  if (schema === undefined || "$ref" in schema) return html``;
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0) return html``;
  return html`<table><thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${fields.map(
    ([name, field]) => html`<tr>
      <td><code>${name}</code>${schema.required?.includes(name) ? html`<b title="required">*</b>` : ""}</td>
      <td>${renderType(field)}</td>
      <td>${renderText(field.description ?? "")}</td>
    </tr>`,
  )}</tbody></table>`;
}

/** Follows a reference into the document's components. */
export function resolveSchema(document: ApiDocument, schema: Schema | undefined): Schema | undefined {
  if (schema === undefined || !("$ref" in schema)) return schema;
  return document.components?.schemas?.[schema.$ref.slice(componentPrefix.length)];
}

function linkSchema(reference: string): Markup {
  const name = reference.slice(componentPrefix.length);
  return html`<a href="#schema-${name}">${name}</a>`;
}

function listRules(schema: Exclude<Schema, { $ref: string }>): string[] {
  const rule = (value: unknown, words: (value: string) => string) =>
    value === undefined ? [] : [words(String(value))];
  return [
    ...rule(schema.enum?.map(String).join(" | "), (words) => `one of ${words}`),
    ...rule(schema.minimum, (least) => `from ${least}`),
    ...rule(schema.maximum, (most) => `to ${most}`),
    ...rule(schema.maxLength, (most) => `${schema.minLength ?? 0} to ${most} characters`),
    ...rule(schema.maxItems, (most) => `${most} items at most`),
    ...rule(schema.pattern, (pattern) => `like ${pattern}`),
    ...rule(
      schema.default === undefined ? undefined : JSON.stringify(schema.default),
      (value) => `default ${value}`,
    ),
  ];
}

function joinMarkup(parts: readonly Markup[], separator: string): (Markup | string)[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part]));
}
