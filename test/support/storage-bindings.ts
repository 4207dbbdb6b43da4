const doNothing = async () => undefined;

/** Stands in for what wrangler.toml binds for files, where only settings are read. */
export const storageBindings = {
  FILES: { put: doNothing, get: doNothing, delete: doNothing, list: doNothing },
  PARSE_QUEUE: { send: doNothing },
};
