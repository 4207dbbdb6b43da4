import { errorCodeNames } from "../../domain/errors.ts";
import type { ApiDocument } from "./document.ts";
import { html, type Markup, renderText } from "./markup.ts";
import { renderFields, renderType, resolveSchema, type Schema } from "./schema.ts";

type PathItem = NonNullable<ApiDocument["paths"]>[string];
type OperationObject = NonNullable<PathItem["get"]>;
type MediaType = { schema?: Schema };
export type Operation = { method: string; path: string; id: string; declared: OperationObject };

const methods = ["get", "post", "put", "patch", "delete"] as const;

/** Every operation of the document, in the order of its paths. */
export function listOperations(document: ApiDocument): Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const declared = item[method];
      return declared === undefined
        ? []
        : [{ method, path, id: declared.operationId ?? `${method}${path}`, declared }];
    }),
  );
}

export function renderOperation(document: ApiDocument, operation: Operation): Markup {
  const { method, path, id, declared } = operation;
  return html`<article id="${id}">
    <h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code></h3>
    <p>${renderText(declared.summary ?? "")}${declared.security?.length === 0 ? html` <small>no token needed</small>` : ""}</p>
    ${declared.description === undefined ? "" : html`<p>${renderText(declared.description)}</p>`}
    ${renderParameters(declared)} ${renderBody(document, declared)} ${renderResponses(document, declared)}
  </article>`;
}

function renderParameters({ parameters = [] }: OperationObject): Markup {
  if (parameters.length === 0) return html``;
  return html`<h4>Parameters</h4><table><tbody>${parameters.map((parameter) =>
    "$ref" in parameter
      ? ""
      : html`<tr>
          <td><code>${parameter.name}</code>${parameter.required ? html`<b title="required">*</b>` : ""}</td>
          <td>${parameter.in}</td>
          <td>${renderType(parameter.schema)}</td>
          <td>${renderText(descriptionOf(parameter))}</td>
        </tr>`,
  )}</tbody></table>`;
}

function renderBody(document: ApiDocument, { requestBody }: OperationObject): Markup {
  if (requestBody === undefined || "$ref" in requestBody) return html``;
  const declared = requestBody.content["application/json"]?.schema;
  const schema = resolveSchema(document, declared);
  return html`<h4>Body${requestBody.required ? "" : " (may be left out)"}: ${renderType(declared)}</h4>
    ${renderFields(schema)}${renderExample(schema)}`;
}

function renderExample(schema: Schema | undefined): Markup {
  if (schema === undefined || "$ref" in schema || schema.examples?.[0] === undefined) return html``;
  return html`<pre><code>${JSON.stringify(schema.examples[0], null, 2)}</code></pre>`;
}

function renderResponses(document: ApiDocument, { responses = {} }: OperationObject): Markup {
  const rows = Object.entries(responses).map(([status, response]) => {
    const [body] = Object.values<MediaType>(response.content ?? {});
    return html`<tr>
      <td>${status}</td>
      <td>${body === undefined ? "" : renderType(body.schema)}</td>
      <td>${renderText(response.description ?? "", linkForError)}${renderHeaders(document, response)}</td>
    </tr>`;
  });
  return html`<h4>Answers</h4><table><tbody>${rows}</tbody></table>`;
}

/** Every answer has `X-Request-Id`; it is not repeated. */
function renderHeaders(
  document: ApiDocument,
  { headers = {} }: { headers?: Readonly<Record<string, unknown>> },
) {
  const declared = document.components?.headers ?? {};
  return Object.keys(headers).flatMap((name) => {
    const header = declared[name];
    if (header === undefined || name === "X-Request-Id") return [];
    return [html`<br><code>${name}</code> <small>${renderText(header.description ?? "")}</small>`];
  });
}

function linkForError(word: string): string | undefined {
  return errorCodeNames.some((code) => code === word) ? `#error-${word}` : undefined;
}

function descriptionOf({ description, schema }: { description?: string; schema?: Schema }): string {
  return description ?? (schema !== undefined && "description" in schema ? schema.description : "") ?? "";
}
