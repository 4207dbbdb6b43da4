import { fileURLToPath } from "node:url";
import { preview } from "vite";
import type { TestProject } from "vitest/node";
import { reservePort } from "../../../dev/free-port.ts";
import { startForBrowser } from "../../console/support/start-for-browser.ts";
import type {} from "./provided.d.ts";

const host = "127.0.0.1";

/** The local platform with scripted models, and the built pages on an origin of their own, as an app of somebody else. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const port = await reservePort(0, host);
  const origin = `http://${host}:${port}`;
  const configFile = fileURLToPath(new URL("../vite.config.ts", import.meta.url));
  const pages = await preview({ configFile, preview: { host, port, strictPort: true } });
  project.provide("clientPages", origin);
  const stop = await startForBrowser(project, { CORS_ALLOWED_ORIGINS: origin });
  return async () => {
    await stop();
    await pages.close();
  };
}
