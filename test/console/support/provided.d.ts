export {};

declare module "vitest" {
  interface ProvidedContext {
    // What the global setup of the `console` project tells its tests:
    /** null: no browser runs here, and the tests are skipped. */
    console: {
      /** http://127.0.0.1:port of a Worker that the tests have to themselves. */
      url: string;
      /** Of the scripted models: http://127.0.0.1:port/s/console */
      models: string;
      /** Of the scripted search: http://127.0.0.1:port/s/console */
      search: string;
      /** Straight to the database, for what no route makes. */
      databaseUrl: string;
      browser: { path: string; env: Record<string, string> };
    } | null;
  }
}
