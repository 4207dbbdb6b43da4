import { createClient } from "../api/client.ts";
import type { ConsoleConfig } from "../api/types.ts";

/** How people sign in here; needs no token. Rejects with ApiError. */
export function readConsoleConfig(): Promise<ConsoleConfig> {
  const ignore = () => undefined;
  return createClient(ignore, ignore).json<ConsoleConfig>("GET", "/console-config");
}
