import * as z from "zod";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { buildApiDocument } from "../http/reference/document.ts";
import { renderReferencePage } from "../http/reference/page.ts";
import { json } from "../http/responses.ts";

const tag = "reference";

const routes = {
  document: defineRoute("get", "/openapi.json", "Read this reference as a document", {
    id: "getOpenApiDocument",
    tag,
    description: "An OpenAPI 3.1 document, made from the routes themselves.",
    isOpen: true,
    responses: { 200: json(z.looseObject({}), "An OpenAPI document") },
  }),
  page: defineRoute("get", "/docs", "Read this reference as a page", {
    id: "getReferencePage",
    tag,
    description: "A page without scripts. The `type` of a problem links to it.",
    isOpen: true,
    responses: { 200: { description: "HTML", content: { "text/html": { schema: z.string() } } } },
  }),
};

/** The page may use its own style only: no script, no frame, no request. */
const pagePolicy = [
  "default-src 'none'; style-src 'unsafe-inline'",
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
].join("; ");

const cachePolicy = "public, max-age=300";
const noReferrer = { "Referrer-Policy": "no-referrer" };

type Reference = { document: Record<string, z.core.util.JSONType>; page: string };

function buildReference(root: App): Reference {
  const document = buildApiDocument(root);
  return { document: JSON.parse(JSON.stringify(document)), page: renderReferencePage(document).text };
}

/** @param root the application whose routes are described; read at the first request, when it has them all. */
export function registerReferenceRoutes(app: App, root: App): void {
  let built: Reference | undefined;
  const readReference = () => {
    built ??= buildReference(root);
    return built;
  };
  app.openapi(routes.document, (c) => {
    const { document } = readReference();
    return c.json(document, 200, { "Cache-Control": cachePolicy });
  });
  app.openapi(routes.page, (c) => {
    const { page } = readReference();
    return c.html(page, 200, {
      "Cache-Control": cachePolicy,
      "Content-Security-Policy": pagePolicy,
      ...noReferrer,
    });
  });
}
