import type { PGlite } from "@electric-sql/pglite";

/** Wire messages after which the server owes an answer and the client may be replaced by another. */
const syncKind = 0x53;
const extendedKinds = new Set([..."PBDECH"].map((letter) => letter.charCodeAt(0)));
const syncMessage = new Uint8Array([syncKind, 0, 0, 0, 4]);

/**
 * PGlite's socket server takes turns between connections message by message, so two of them outside
 * a transaction mix up their Parse, Bind and Execute. It never switches inside a transaction: this
 * view of the database says it is in one from the first extended message until its Sync.
 */
export function withWholeExchanges(database: PGlite): PGlite {
  let exchangeOpen = false;

  const isInTransaction = () => exchangeOpen || database.isInTransaction();
  const execProtocolRawStream: PGlite["execProtocolRawStream"] = async (message, options) => {
    const kind = message[0] ?? 0;
    exchangeOpen = extendedKinds.has(kind);
    await database.execProtocolRawStream(message, options);
  };
  // The socket server calls this to roll back for a client that has left. An exchange that it left open ends first.
  const exec: PGlite["exec"] = async (query, options) => {
    if (exchangeOpen) await database.execProtocolRaw(syncMessage);
    exchangeOpen = false;
    return database.exec(query, options);
  };

  const overrides = new Map<string | symbol, unknown>([
    ["isInTransaction", isInTransaction],
    ["execProtocolRawStream", execProtocolRawStream],
    ["exec", exec],
  ]);
  return new Proxy(database, {
    get(target, key) {
      const override = overrides.get(key);
      if (override !== undefined) return override;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
