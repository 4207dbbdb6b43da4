import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import type { EmbeddedOptions, FromEmbedded, ToEmbedded } from "./messages.ts";
import { withWholeExchanges } from "./whole-exchanges.ts";

// Runs in a thread of its own. PGlite computes in the thread that calls it: there a statement that never ends
// would stop the signal handlers and servers beside it.

/** Connections to the embedded database; it serves them in turn, one transaction at a time. */
const maxConnections = 50;

// `startEmbeddedThread` is what gives it.
const { postgresDir } = workerData as EmbeddedOptions;
const database = postgresDir === undefined ? new PGlite() : new PGlite(postgresDir);
await database.waitReady;
const server = new PGLiteSocketServer({
  db: withWholeExchanges(database),
  host: "127.0.0.1",
  port: 0,
  maxConnections,
});
await server.start();

parentPort?.once("message", async (_message: ToEmbedded) => {
  await server.stop().catch(() => undefined);
  await database.close();
  process.exit();
});
const ready: FromEmbedded = { kind: "ready", address: server.getServerConn() };
parentPort?.postMessage(ready);
