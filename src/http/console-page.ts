import type { NotFoundHandler } from "hono";
import type { OidcClient } from "../domain/oidc-client.ts";
import type { StaticFiles } from "../domain/static-files.ts";
import type { AppEnv } from "./app-env.ts";
import { answerNotFound } from "./problem.ts";

const notBuilt = "The console is not built. Run: npm run console:build\n";

/** Paths of programs. An unknown one is a problem document, never the console. */
const programPaths = /^\/(api|v1)(\/|$)/;

/** Paths of files: their last part has an ending. */
const filePaths = /\.[a-z0-9]+$/i;

/** Answers a GET of a path that no route has with a file of the console, or with its page, which reads the path. */
export function serveConsole(
  files: StaticFiles | undefined,
  oidc: OidcClient | undefined,
): NotFoundHandler<AppEnv> {
  const policy = consolePolicy(oidc);
  return async (c) => {
    const { method, path } = c.req;
    if (files === undefined || method !== "GET" || programPaths.test(path)) return answerNotFound(c);
    if (filePaths.test(path)) {
      const file = await files.fetch(c.req.raw);
      return file.status === 404 ? answerNotFound(c) : new Response(file.body, file);
    }
    const page = await files.fetch(new Request(new URL("/", c.req.url), c.req.raw));
    if (page.status === 404) return c.text(notBuilt, 503);
    const answer = new Response(page.body, page);
    answer.headers.set("Cache-Control", "no-cache");
    answer.headers.set("Referrer-Policy", "no-referrer");
    answer.headers.set("Content-Security-Policy", policy);
    return answer;
  };
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
