/** `postgresDir` is undefined for a database in memory. */
export type EmbeddedOptions = { postgresDir: string | undefined };

export type ToEmbedded = { kind: "stop" };

/** `address` is host:port. */
export type FromEmbedded = { kind: "ready"; address: string };
