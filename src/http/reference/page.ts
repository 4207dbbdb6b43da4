import { errorCodeNames, errorCodes } from "../../domain/errors.ts";
import { agentFailureCodes } from "../../domain/turn/agent-failure.ts";
import type { ApiDocument } from "./document.ts";
import { html, type Markup, renderText } from "./markup.ts";
import { style } from "./style.ts";

/**
 * A page without a script: the conventions, and a place for every code of an error, which the `type` of a problem points
 * to. The operations are in the interactive reference.
 */
export function renderReferencePage({ info, tags = [] }: ApiDocument): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title} API</title>
<style>${style}</style>
</head>
<body>
<main>
  <h1>${info.title} API</h1>
  ${(info.description ?? "").split("\n\n").map((paragraph) => html`<p>${renderText(paragraph)}</p>`)}
  <p>Send <code>Authorization: Bearer &lt;JWT&gt;</code>. Every answer has <code>X-Request-Id</code>. Every operation, with its fields and a form to try it, is in the
  <a href="/reference/">interactive reference</a>; the same as a document: <a href="openapi.json">openapi.json</a>.</p>
  ${renderTable("groups", "Operations", ["Group", "What it has"], tags.map(toGroupRow))}
  ${renderTable("events", "Events of a turn's stream", ["Event", "When"], streamEvents.map(toEventRow))}
  ${renderTable("errors", "Errors", ["Code", "Status", "Meaning"], errorCodeNames.map(toErrorRow))}
  ${renderTable("failures", "Why an agent failed", ["Code"], agentFailureCodes.map(toFailureRow))}
</main>
</body>
</html>`;
}

/** In the order in which they come; docs/streaming.md has their contents. */
const streamEvents = [
  ["RUN_STARTED", "The turn is claimed and planned."],
  ["MESSAGES_SNAPSHOT", "A reader comes back: the conversation as it is now."],
  ["SUBAGENT_STARTED", "A step starts."],
  ["TEXT_MESSAGE_CONTENT", "Text arrives, between a START and an END."],
  ["TOOL_CALL_RESULT", "A tool has answered, behind START, ARGS and END."],
  ["SUBAGENT_FINISHED", "The agent has answered."],
  ["SUBAGENT_ERROR", "The agent failed; the others go on."],
  ["CUSTOM", "ROUND_STARTED or ROUND_FINISHED: the manager's rounds."],
  ["RUN_FINISHED", "The turn is stored; `result` is the turn."],
  ["RUN_ERROR", "The turn could not be stored."],
] as const;

function toEventRow([name, when]: (typeof streamEvents)[number]): Markup {
  return html`<tr id="event-${name}"><td><code>${name}</code></td><td>${renderText(when)}</td></tr>`;
}

function renderTable(id: string, title: string, heads: readonly string[], rows: readonly Markup[]): Markup {
  return html`<section id="${id}"><h2>${title}</h2>
  <table><thead><tr>${heads.map((head) => html`<th>${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></section>`;
}

function toGroupRow({ name, description = "" }: { name: string; description?: string }): Markup {
  return html`<tr><td>${name}</td><td>${renderText(description)}</td></tr>`;
}

function toErrorRow(code: keyof typeof errorCodes): Markup {
  const { status, title } = errorCodes[code];
  return html`<tr id="error-${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}</td></tr>`;
}

/** A failed agent does not fail its turn: its reply has one of these codes. */
function toFailureRow(code: string): Markup {
  return html`<tr id="failure-${code}"><td><code>${code}</code></td></tr>`;
}
