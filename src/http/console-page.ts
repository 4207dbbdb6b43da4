import type { MiddlewareHandler } from "hono";
import { notFound } from "../domain/errors.ts";
import type { OidcClient } from "../domain/oidc-client.ts";
import type { StaticFiles } from "../domain/static-files.ts";
import type { AppEnv } from "./app-env.ts";

const notBuilt = "The console is not built. Run: npm run console:build\n";

/** Paths of programs. An unknown one is a problem document, never the console. */
const programPaths = /^\/(api|v1)(\/|$)/;

/** Paths of files: their last part has an ending. */
const filePaths = /\.[a-z0-9]+$/i;

/** Answers every path that no route has with a file of the console, or with its page, which reads the path. */
export function serveConsole(
  files: StaticFiles | undefined,
  oidc: OidcClient | undefined,
): MiddlewareHandler<AppEnv> {
  const policy = consolePolicy(oidc);
  return async (c) => {
    if (programPaths.test(c.req.path) || files === undefined) throw notFound();
    if (filePaths.test(c.req.path)) return answerFile(await files.fetch(c.req.raw));
    const page = await files.fetch(new Request(new URL("/", c.req.url), c.req.raw));
    if (page.status === 404) return c.text(notBuilt, 503);
    const answer = new Response(page.body, page);
    answer.headers.set("Cache-Control", "no-cache");
    answer.headers.set("Referrer-Policy", "no-referrer");
    answer.headers.set("Content-Security-Policy", policy);
    return answer;
  };
}

function answerFile(file: Response): Response {
  if (file.status === 404) throw notFound();
  return new Response(file.body, file);
}

/** The page runs its own files only, makes no markup out of text, and asks this server and the issuer only. */
function consolePolicy(oidc: OidcClient | undefined): string {
  const issuer = oidc === undefined ? "" : ` ${new URL(oidc.issuer).origin}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${issuer}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}
