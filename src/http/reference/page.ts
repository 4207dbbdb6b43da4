import { errorCodeNames, errorCodes } from "../../domain/errors.ts";
import { agentFailureCodes } from "../../domain/turn/agent-failure.ts";
import type { ApiDocument } from "./document.ts";
import { html, type Markup, renderText } from "./markup.ts";
import { listOperations, type Operation, renderOperation } from "./operation.ts";
import { renderFields } from "./schema.ts";
import { style } from "./style.ts";

/** A whole reference page out of the document alone: no script, no font and no image is fetched for it. */
export function renderReferencePage(document: ApiDocument): Markup {
  const groups = (document.tags ?? []).map((tag) => ({
    ...tag,
    operations: listOperations(document).filter(({ declared }) => declared.tags?.includes(tag.name)),
  }));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${document.info.title} API</title>
<style>${style}</style>
</head>
<body>
<nav aria-label="Contents">
  ${groups.map(({ name, operations }) => renderContents(name, operations))}
  <a class="group" href="#errors">errors</a><a class="group" href="#schemas">schemas</a>
</nav>
<main>
  <h1>${document.info.title} API</h1>
  ${(document.info.description ?? "").split("\n\n").map((paragraph) => html`<p>${renderText(paragraph)}</p>`)}
  <p>Send <code>Authorization: Bearer &lt;JWT&gt;</code>. Every answer has <code>X-Request-Id</code>. The same as a document: <a href="openapi.json">openapi.json</a>.</p>
  ${groups.map(
    ({ name, description, operations }) => html`<section id="${name}">
    <h2>${name}</h2><p>${description ?? ""}</p>
    ${operations.map((operation) => renderOperation(document, operation))}
  </section>`,
  )}
  ${renderErrors()}
  ${renderSchemas(document)}
</main>
</body>
</html>`;
}

function renderContents(name: string, operations: readonly Operation[]): Markup {
  return html`<a class="group" href="#${name}">${name}</a>
  ${operations.map(({ id, declared }) => html`<a href="#${id}">${renderText(declared.summary ?? id)}</a>`)}`;
}

/** The anchors that the `type` of a problem points to. */
function renderErrors(): Markup {
  return html`<section id="errors"><h2>errors</h2>
  <table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>${errorCodeNames.map(
    (code) => html`<tr id="error-${code}">
      <td><code>${code}</code></td><td>${errorCodes[code].status}</td><td>${errorCodes[code].title}</td>
    </tr>`,
  )}</tbody></table>
  <p>An agent that fails does not fail its turn; its reply tells why:
  ${agentFailureCodes.map((code) => html`<code id="failure-${code}">${code}</code> `)}</p></section>`;
}

function renderSchemas(document: ApiDocument): Markup {
  return html`<section id="schemas"><h2>schemas</h2>${Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) => html`<article id="schema-${name}"><h3>${name}</h3>${renderFields(schema)}</article>`,
  )}</section>`;
}
