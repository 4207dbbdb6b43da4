import { fileURLToPath } from "node:url";

/**
 * What wrangler's environment must hold for it to stay on this machine: no metrics, no look for a newer
 * version (its banner's), no request for Cloudflare's metadata, no file in the user's home, which need not be there.
 */
export const quietWrangler = {
  XDG_CONFIG_HOME: fileURLToPath(new URL("../.wrangler/config", import.meta.url)),
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_WRITE_LOGS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  // Neither its web page over the local data, nor its record of every request, which would grow without end.
  X_LOCAL_EXPLORER: "false",
  X_LOCAL_OBSERVABILITY: "false",
};
